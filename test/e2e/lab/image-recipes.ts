/** The Debian release that the images are made of: it holds PostgreSQL 17. */
export const SUITE = "trixie";

/** What an image is made of: packages, a folder of files beside this one, a shell script, and its configuration. */
export interface Recipe {
  tag: string;
  files: string;
  packages: string[];
  /** Run in the image before the packages are installed. */
  before: string;
  /** Run in the image after the files are there. */
  after: string;
  config: Record<string, unknown>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const GATEWAY: Recipe = {
  tag: "kong:3.9.3",
  files: "gateway",
  packages:
    "nginx-light libnginx-mod-http-lua perl openssl postgresql-client-17 ca-certificates libcap2 libcap2-bin".split(
      " ",
    ),
  // A uid that nobody would guess: who writes a number instead of the name is found out.
  before: "useradd --uid 1337 --user-group --home-dir /usr/local/kong kong",
  // nginx lies where Kong has it, by itself: its package would keep iproute2 and setcap. apt finds the one package that
  // the generated Dockerfile installs without a network.
  after: `
    openresty=/usr/local/openresty
    install -D /usr/sbin/nginx $openresty/nginx/sbin/nginx
    install -D -t $openresty/nginx/modules /usr/lib/nginx/modules/*
    cp -r /usr/share/lua/5.1 $openresty/lualib
    version=$(dpkg-query --show --showformat='\${Version}' libcap2-bin | sed s/:/%3a/)
    apt-mark showauto | xargs apt-mark -qq manual
    apt-get -qq purge -y libcap2-bin iproute2
    install -d -o kong -g root /usr/local/kong
    mkdir /opt/lab-repository
    cd /opt/lab-repository
    cp "/var/cache/apt/lab/libcap2-bin_$version"_*.deb .
    deb=$(ls *.deb)
    { dpkg-deb -f "$deb"; echo "Filename: ./$deb"; echo "Size: $(stat -c %s "$deb")"; echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"; } >Packages
    echo 'deb [trusted=yes] file:/opt/lab-repository ./' >/etc/apt/sources.list
    ! command -v setcap && ! command -v curl`,
  config: {
    User: "kong",
    Env: [`PATH=${PATH}`, "KONG_VERSION=3.9.3"],
    Entrypoint: ["/docker-entrypoint.sh"],
    Cmd: ["kong", "docker-start"],
    StopSignal: "SIGQUIT",
    ExposedPorts: Object.fromEntries(
      [8000, 8001, 8002, 8443, 8444, 8445].map((port) => [`${port}/tcp`, {}]),
    ),
    Healthcheck: {
      Test: ["CMD-SHELL", "kong-health"],
      Interval: 60e9,
      Timeout: 10e9,
      Retries: 10,
    },
  },
};

export const POSTGRES: Recipe = {
  tag: "postgres:17",
  files: "postgres",
  packages: ["postgresql-17"],
  before: `
    groupadd --system --gid 999 postgres
    useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf`,
  // The official image listens on all addresses. Compiling queries is not needed, and LLVM is half of the image.
  after: `
    cd /usr/lib
    rm -r /usr/share/perl /usr/share/i18n
    rm -r */libLLVM* */libz3* postgresql/17/lib/llvmjit* postgresql/17/lib/bitcode
    sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" /usr/share/postgresql/17/postgresql.conf.sample
    echo 'deb [trusted=yes] file:/nowhere ./' >/etc/apt/sources.list`,
  config: {
    Env: [
      `PATH=/usr/lib/postgresql/17/bin:${PATH}`,
      "PGDATA=/var/lib/postgresql/data",
      "LANG=C.UTF-8",
    ],
    Entrypoint: ["/docker-entrypoint.sh"],
    Cmd: ["postgres"],
    StopSignal: "SIGINT",
    Volumes: { "/var/lib/postgresql/data": {} },
    ExposedPorts: { "5432/tcp": {} },
  },
};
