# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The plan: the values derived from the answers. All other files in scripts/ are
# the same in every repository.
readonly prefix='2001:db8:10:20::/64'
readonly delivery='routed'
readonly uplink='eth0'
readonly uplink_sysctl='eth0'
readonly host='2001:db8:10:20::2'
readonly gateway='fe80::1'

readonly network='ipv6_exposed'
readonly bridge='ipv6_exposed'
readonly subnet='2001:db8:10:20:300::/80'
readonly subnet_gateway='2001:db8:10:20:300::1'
readonly subnet_range='2001:db8:10:20:300:0:8000:0/97'
readonly kong='2001:db8:10:20:300::8100'

readonly backend='10.83.81.0/24'
readonly backend_kong='10.83.81.100'

readonly ndp='none'
readonly firewall='ufw'
readonly database='postgres'
readonly ipv4='published'
readonly ipv4_netplan=''
