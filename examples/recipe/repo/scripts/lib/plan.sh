# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The plan: the values derived from the answers. All other files in scripts/ are
# the same in every repository.
readonly prefix='2a03:2222:3333:4444::/64'
readonly delivery='on-link'
readonly uplink='ens3'
readonly uplink_sysctl='ens3'
readonly host='2a03:2222:3333:4444::2'
readonly gateway='fe80::1'

readonly network='ipv6_exposed'
readonly bridge='ipv6_exposed'
readonly subnet='2a03:2222:3333:4444:300::/80'
readonly subnet_gateway='2a03:2222:3333:4444:300::1'
readonly subnet_range='2a03:2222:3333:4444:300:0:8000:0/97'
readonly kong='2a03:2222:3333:4444:300::8100'

readonly backend='172.30.0.0/16'
readonly backend_kong='172.30.0.100'

readonly ndp='ndppd'
readonly firewall='ufw'
readonly database='postgres'
readonly ipv4='published'
readonly ipv4_netplan='1.2.3.4/22'
