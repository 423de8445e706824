# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The plan: the values derived from the answers. All other files in scripts/ are
# the same in every repository.
readonly prefix='2001:db8:b0:c0::/64'
readonly delivery='on-link'
readonly uplink='eth0.100'
readonly uplink_sysctl='eth0/100'
readonly host='2001:db8:b0:c0::10'
readonly gateway='2001:db8:b0:c0::1'

readonly network='ipv6_exposed'
readonly bridge='ipv6_exposed'
readonly subnet='2001:db8:b0:c0:ffff::/112'
readonly subnet_gateway='2001:db8:b0:c0:ffff::1'
readonly subnet_range='2001:db8:b0:c0:ffff::8000/113'
readonly kong='2001:db8:b0:c0:ffff::a'

readonly backend='10.83.81.0/24'
readonly backend_kong='10.83.81.100'

readonly ndp='kernel'
readonly firewall='ufw'
readonly database='postgres'
readonly ipv4='published'
readonly ipv4_netplan=''
