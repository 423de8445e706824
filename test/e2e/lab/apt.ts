/**
 * A shell function, `apt_install ROOT DEBS PACKAGE…`: installs packages in a tree without starting anything, keeping
 * what was fetched in DEBS. To be called in a mount namespace of its own. A suite that moves counts as expired where its
 * mirror stands still, hence Check-Valid-Until.
 */
export const APT_INSTALL = `
apt_install() {
  root=$1 debs=$2
  shift 2
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  mount --bind "$debs" "$root/var/cache/apt/archives"
  printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  export DEBIAN_FRONTEND=noninteractive
  options='-qq -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root -o Binary::apt-get::APT::Keep-Downloaded-Packages=true'
  chroot "$root" apt-get $options update
  chroot "$root" apt-get $options install -y --no-install-recommends "$@"
  rm -rf "$root/usr/sbin/policy-rc.d" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
  umount "$root/var/cache/apt/archives" "$root/dev" "$root/proc"
}
`;
