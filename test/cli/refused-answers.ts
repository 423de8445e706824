const P = "2a03:2222:3333:4444";

/** flag | value | part of the reason | part of the remedy | what else is given. P is the prefix. */
const TABLE = `
--prefix | nonsense | not an IPv6 address | Give the provider's ADDRESS/LENGTH
--prefix | 192.0.2.0/24 | not an IPv6 address | Give the provider's ADDRESS/LENGTH
--prefix | P:::/64 | not an IPv6 address | Give the provider's ADDRESS/LENGTH
--prefix | P:: | no prefix length | If it is a /64: P::/64
--prefix | P::2 | no prefix length | If it is a /64: P::/64
--prefix | P::/129 | not a number from 0 to 128 | Give the provider's ADDRESS/LENGTH
--prefix | P::/sixty | not a number from 0 to 128 | Give the provider's ADDRESS/LENGTH
--prefix | P::/64/64 | not a number from 0 to 128 | Give the provider's ADDRESS/LENGTH
--prefix | P::1/64 | bits set after its prefix length /64 | The subnet is P::/64
--prefix | 2A03:2222:3333:4444:0:0:0:1/60 | bits set | The subnet is 2a03:2222:3333:4440::/60
--prefix | P::%ens3/64 | a zone (RFC 4007) | Give it without the zone: P::/64
--prefix | P::1/128 | it is one address | Ask the provider for a prefix
--prefix | P::2/127 | two addresses are too few | Ask the provider for a prefix
--prefix | 2800::/6 | a /6 is shorter than /8 | Give the provider's ADDRESS/LENGTH
--prefix | P::8/126 | no room for Docker's gateway and Kong | give --delivery routed;
--prefix | P::8/126 | no room for Docker's gateway and Kong | give --host keep; | --delivery routed --host P::9
--prefix | P::2/80 | bits set after its prefix length /80 | The subnet is P::/80 | --host P::2
--prefix | ::/128 | unspecified address (RFC 4291 | Give the provider's ADDRESS/LENGTH
--prefix | ::1/128 | loopback (RFC 4291 | Give the provider's ADDRESS/LENGTH
--prefix | ::ffff:192.0.2.0/120 | IPv4-mapped | Give the provider's ADDRESS/LENGTH
--prefix | 64:ff9b::/96 | NAT64 space (RFC 6052) | Give the provider's ADDRESS/LENGTH
--prefix | 64:ff9b:1::/48 | NAT64 space (RFC 8215) | Give the provider's ADDRESS/LENGTH
--prefix | 100::/64 | discard prefix (RFC 6666) | Give the provider's ADDRESS/LENGTH
--prefix | 2001::/32 | IETF protocol space (RFC 2928) | Give the provider's ADDRESS/LENGTH
--prefix | 2002:c000:204::/48 | 6to4 space (RFC 3056) | Give the provider's ADDRESS/LENGTH
--prefix | fd12:3456:789a::/48 | unique local space, not public (RFC 4193) | Give the provider's ADDRESS/LENGTH
--prefix | fe80::/64 | link-local | Give the provider's ADDRESS/LENGTH
--prefix | fec0::/64 | site-local space (RFC 3879) | Give the provider's ADDRESS/LENGTH
--prefix | ff02::/64 | multicast | Give the provider's ADDRESS/LENGTH
--prefix | 4000::/64 | outside global unicast space, 2000::/3 | Give the provider's ADDRESS/LENGTH
--prefix | ::/64 | it contains the unspecified address (RFC 4291 | Give the provider's ADDRESS/LENGTH
--prefix | 2000::/3 | it contains IETF protocol space | Give the provider's ADDRESS/LENGTH
--prefix | ::/0 | unspecified | Give the provider's ADDRESS/LENGTH

--host | server | not an IPv6 address | Try P::2; keep leaves the server's address as it is
--host | 192.0.2.10 | not an IPv6 address | Try P::2
--host | P::2/129 | not a number from 8 to 128 | like P::2/64
--host | P::2/x | not a number from 8 to 128 | like P::2/64
--host | P::2/64/64 | not a number from 8 to 128 | like P::2/64
--host | P::/65 | subnet-router anycast address (RFC 4291 2.6.1) | Try P::2
--kong | P:300::/80 | it is a subnet, not an address | Try P:300::8100
--host | P::2%ens3 | a zone (RFC 4007) | without the zone: P::2
--host | P:: | subnet-router anycast address (RFC 4291 2.6.1) | Try P::2
--host | 2a03:2222:3333:5555::2 | outside the prefix P::/64 | Try P::2
--host | fe80::2 | link-local | Try P::2
--host | fd00::2 | unique local | Try P::2
--host | ::1 | loopback | Try P::2
--host | ::ffff:192.0.2.10 | IPv4-mapped | Try P::2
--host | ff02::1 | multicast | Try P::2

--expose | mail | it is not NAME@[ADDRESS]:PORT | Write it like mail:25,587
--expose | mail@P:300::9:25 | it is not NAME@[ADDRESS]:PORT | Try mail@[P:300::9]:25
--expose | mail@[P:300::8100]:25 | it is Kong's address | Try mail@[P:300::8101]:25
--expose | mail@[P::9]:25 | outside the subnet P:300::/80 | Try mail@[P:300::8101]:25
--expose | kong:80 | a service of docker-compose.yml | Try my-kong:80
--expose | Kong:80 | the name needs a letter first | Try my-kong:80
--expose | kong | it is not NAME@[ADDRESS]:PORT | Write it like mail:25,587
--expose | m:99999 | "99999" is not a port | Write it like m:25,587
--expose | M:99999 | the name needs a letter first | Write it like m:25,587
--expose | ON@P:300::9:25 | it is not NAME@[ADDRESS]:PORT | Try my-on@[P:300::9]:25
--expose | mail@[fe80::1%ens3]:25 | it has a zone | Try mail:25

--exposed | P::8100/64 | bits set after its prefix length /64 | Try P:300::/80
--exposed | public | not an IPv6 address | Try P:300::/80
--exposed | P:300:: | no prefix length | Try P:300::/80
--exposed | P::/64 | a /64 is not between /65 and /126 | Try P:300::/80
--exposed | P:300::/127 | a /127 is not between /65 and /126 | Try P:300::/80
--exposed | P:300::8100/80 | bits set after its prefix length /80 | The subnet is P:300::/80
--exposed | 2a03:2222:3333:5555:300::/80 | outside the prefix P::/64 | Try P:300::/80
--exposed | P::/80 | contains the host address P::2 | Try P:300::/80
--exposed | fd12:3456:789a:0:300::/80 | unique local | Try P:300::/80
--exposed | P:300::/80 | contains the host address P:300::5 | Try P:301::/80 | --host P:300::5

--kong | fe80::1%ens3 | a zone (RFC 4007) | Try P:300::8100
--kong | kong | not an IPv6 address | Try P:300::8100
--kong | P:300::8100/80 | a prefix length | Give the address alone: P:300::8100
--kong | P:300::8100%ens3 | a zone (RFC 4007) | without the zone: P:300::8100
--kong | P:301::8100 | outside the exposed subnet P:300::/80 | Try P:300::8100
--kong | 2a03:4000:6:b0f2:300::8100 | outside the exposed subnet P:300::/80 | Try P:300::8100
--kong | P:300:: | subnet-router anycast address (RFC 4291 2.6.1) | Try P:300::8100
--kong | P:300::1 | takes the first address | Try P:300::8100
--kong | P:300:ffff:ffff:ff80 | last 128 addresses are for anycast (RFC 2526) | Try P:300::8100
--kong | P:300::ff | last 128 addresses | Try P:300::2 | --exposed P:300::/120
--kong | P::2 | the server's own address | Try P:300::8100
--kong | fe80::8100 | link-local | Try P:300::8100

--interface | eth 0 | 1 to 15 letters | like ens3
--interface | a234567890123456 | 1 to 15 letters | like ens3
--interface | eth0/1 | 1 to 15 letters | like ens3
--interface | -eth0 | 1 to 15 letters | like ens3
--interface | lo | not an uplink | like ens3
--interface | docker0 | not an uplink | like ens3

--gateway | fd00::1%ens3 | a zone (RFC 4007) | like fe80::1
--gateway | router | not an IPv6 address | prints on the server, like fe80::1, or ra or none
--gateway | fe80::1%ens3 | a zone (RFC 4007) | without the zone: fe80::1
--gateway | fe80::1/64 | a prefix length | Give the address alone: fe80::1
--gateway | fd00::1 | unique local | like fe80::1
--gateway | ff02::2 | multicast | like fe80::1
--gateway | P::2 | the server's own address | like fe80::1 | --host P::2
--gateway | P:300::8100 | Kong's address | like fe80::1 | --exposed P:300::/80
--gateway | P:300::5 | inside the exposed subnet P:300::/80 | like fe80::1 | --exposed P:300::/80

--delivery | bridged | not one of the choices | Choose on-link or routed

--ndp | radvd | not one of the choices | Choose ndppd or kernel or none

--database | mysql | not one of the choices | Choose postgres or off

--firewall | iptables | not one of the choices | Choose ufw or nftables or none

--ipv4 | public | not an IPv4 address | like 192.0.2.10
--ipv4 | 192.0.2.256 | not an IPv4 address | like 192.0.2.10
--ipv4 | 192.0.2.010 | not an IPv4 address | like 192.0.2.10
--ipv4 | P::2 | not an IPv4 address | like 192.0.2.10
--ipv4 | 192.0.2.10/33 | not a number from 1 to 32 | like 192.0.2.10/24
--ipv4 | 192.0.2.10/ | not a number from 1 to 32 | like 192.0.2.10/24
--ipv4 | 192.0.2.0/24 | network address of its /24 (RFC 1122 | like 192.0.2.1/24
--ipv4 | 192.0.2.255/24 | broadcast address of its /24 (RFC 1122 | like 192.0.2.1/24
--ipv4 | 0.0.0.0 | 'this host' (RFC 1122) | like 192.0.2.10
--ipv4 | 127.0.0.1 | loopback (RFC 1122) | like 192.0.2.10
--ipv4 | 169.254.1.1 | link-local (RFC 3927) | like 192.0.2.10
--ipv4 | 224.0.0.1 | multicast (RFC 5771) | like 192.0.2.10
--ipv4 | 255.255.255.255 | reserved (RFC 1112) | like 192.0.2.10

--ipv4-gateway | router | not an IPv4 address | like 192.0.2.1 | --ipv4 192.0.2.9/24
--ipv4-gateway | 192.0.2.1/24 | a prefix length | Give the address alone: 192.0.2.1 | --ipv4 192.0.2.9/24
--ipv4-gateway | 127.0.0.1 | loopback (RFC 1122) | like 192.0.2.1 | --ipv4 192.0.2.9/24
--ipv4-gateway | 192.0.2.1 | netplan needs --ipv4 with its prefix length | like --ipv4 192.0.2.10/24
--ipv4-gateway | 192.0.2.1 | netplan needs --ipv4 with its prefix length | like --ipv4 192.0.2.9/24 | --ipv4 192.0.2.9
--ipv4-gateway | 192.0.2.9 | the server's own IPv4 | like 192.0.2.1 | --ipv4 192.0.2.9/24

--backend-subnet | 172.99.0.0/16 | public address space, not private (RFC 1918) | like 10.83.81.0/24
--backend-subnet | 100.64.0.0/24 | public address space, not private (RFC 1918) | like 10.83.81.0/24
--backend-subnet | 192.168.0.0/15 | beyond 192.168.0.0/16 (RFC 1918) | like 10.83.81.0/24
--backend-subnet | 10.83.81.0/29 | too small for kong-net | like 10.83.81.0/24
--backend-subnet | 10.83.81.5/24 | bits set after its prefix length | The subnet is 10.83.81.0/24
--backend-subnet | 10.83.81.5/30 | bits set after its prefix length | like 10.83.81.0/24
--backend-subnet | 10.83.81.0 | no prefix length | like 10.83.81.0/24
--backend-subnet | fd00::/64 | not an IPv4 address | like 10.83.81.0/24
--backend-subnet | 10.1.0.0/16 | contains the server's IPv4 10.1.2.3 | like 10.83.81.0/24 | --ipv4 10.1.2.3
--backend-subnet | 10.83.81.0/24 | overlaps the server's own subnet 10.83.0.0/16 | like 192.168.181.0/24 | --ipv4 10.83.82.5/16
--backend-subnet | 10.83.81.0/24 | contains the server's IPv4 10.83.81.7 | like 192.168.181.0/24 | --ipv4 10.83.81.7
--backend-subnet | 10.1.0.0/16 | contains the IPv4 gateway 10.1.0.1 | like 10.83.81.0/24 | --ipv4 192.0.2.9/24 --ipv4-gateway 10.1.0.1

--internal-prefix | fd00::/47 | a /47 is not between /48 and /112 | Leave it out for a random ULA
--internal-prefix | fd4c:8a1e:92b7::/113 | a /113 is not between /48 and /112 | Leave it out for a random ULA
--internal-prefix | fc12:3456:789a::/64 | a ULA starts with fd (RFC 4193 3.2) | Leave it out for a random ULA
--internal-prefix | fe80::/64 | link-local | Leave it out for a random ULA
--internal-prefix | 2002:c000:204::/64 | 6to4 | Leave it out for a random ULA
--internal-prefix | fd4c:8a1e:92b7::1/64 | bits set after its prefix length | The subnet is fd4c:8a1e:92b7::/64
--internal-prefix | P:300::/72 | overlaps the exposed subnet P:300::/80 | Leave it out for a random ULA
--internal-prefix | P::/80 | contains the host address P::2 | Leave it out for a random ULA
--internal-prefix | P:400::/80 | contains the gateway P:400::1 | Leave it out for a random ULA | --gateway P:400::1

--network | x | 2 to 63 letters, digits | like ipv6_exposed
--network | my net | 2 to 63 letters, digits | like ipv6_exposed
--network | _exposed | 2 to 63 letters, digits | like ipv6_exposed
--network | bridge | Docker reserves this name | like ipv6_exposed
--network | docker0 | name is in use | like ipv6_exposed
--network | ens3 | the uplink's name | like ipv6_exposed | --interface ens3
--network | ipv6_exposed | the uplink's name | like ipv6_kong | --interface ipv6_exposed

--domain | localhost | fully qualified host name (RFC 1123) | like gateway.example.com
--domain | -a.example.com | fully qualified host name | like gateway.example.com
--domain | a..example.com | fully qualified host name | like gateway.example.com
--domain | a_b.example.com | fully qualified host name | like gateway.example.com
--domain | 192.0.2.10 | fully qualified host name | like gateway.example.com
--domain | bücher.example | fully qualified host name | ASCII form: xn--bcher-kva.example

--kong-image | Kong:3.9.3 | not an image reference | like kong:3.9.3
--kong-image | kong: | not an image reference | like kong:3.9.3
--kong-image | https://example.com/kong | not an image reference | like kong:3.9.3
--kong-image | kong@sha256:abc | not an image reference | like kong:3.9.3

--plugin | two rocks | only letters, digits, . _ - | like kong-plugin-example
--plugin | kong-oidc= | the name of a plugin has only letters, digits, _ - | like kong-oidc=oidc
--plugin | -flag | only letters, digits, . _ - | like kong-plugin-example
--plugin | https://example.com/x.rock | only letters, digits, . _ - | like kong-plugin-example

--data-dir | /opt/kong-ipv6/data2 | the repository itself is copied there | Try ./data2; it is the same place
--data-dir | .. | it leaves its directory with ".." | like ./data or /srv/kong
--data-dir | /var/run/kong | emptied at a reboot (hier(7)) | like ./data or /srv/kong
--data-dir | /var/lib/docker | Docker itself keeps its own data there | like ./data or /srv/kong
--data-dir | ../data | it leaves its directory with ".." | like ./data or /srv/kong
--data-dir | ./a/../../b | it leaves its directory with ".." | like ./data or /srv/kong
--data-dir | my data | only letters, digits and . _ / @ + - | like ./data or /srv/kong
--data-dir | ~/kong | only letters, digits and . _ / @ + - | like ./data or /srv/kong
--data-dir | /etc/kong | belongs to the system | like ./data or /srv/kong
--data-dir | / | belongs to the system | like ./data or /srv/kong
--data-dir | /tmp/kong | emptied at a reboot (hier(7)) | like ./data or /srv/kong
--data-dir | . | the repository itself uses this name | like ./data or /srv/kong
--data-dir | .git/data | the repository itself uses this name | like ./data or /srv/kong
--data-dir | scripts | the repository itself uses this name | like ./data or /srv/kong
--data-dir | /srv/-kong | starts with a dash | like ./data or /srv/kong
`;

export interface Row {
  readonly flag: string;
  readonly value: string;
  readonly reason: string;
  readonly remedy: string;
  /** What else is on the command line. */
  readonly also: readonly string[];
}

/** Refused answers, by flag: every rule of facts/host.md "Address rules" and of src/. */
export const REFUSED_ANSWERS: readonly Row[] = TABLE.split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const cells = line.replace(/\bP(?=::?)/g, P).split(" | ");
    const [flag = "", value = "", reason = "", remedy = "", also = ""] = cells;
    return {
      flag,
      value,
      reason,
      remedy,
      also: also.split(" ").filter(Boolean),
    };
  });
