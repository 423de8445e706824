# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The plan: the values derived from the answers. All other files in scripts/ are
# the same in every repository.
readonly prefix='2001:db8:50:60::/64'
readonly delivery='on-link'
readonly uplink='enp1s0'
readonly uplink_sysctl='enp1s0'
readonly host='2001:db8:50:60::2'
readonly gateway='fe80::1'

readonly network='ipv6_exposed'
readonly bridge='ipv6_exposed'
readonly subnet='2001:db8:50:60:300::/80'
readonly subnet_gateway='2001:db8:50:60:300::1'
readonly subnet_range='2001:db8:50:60:300:0:8000:0/97'
readonly kong='2001:db8:50:60:300::8100'

readonly backend='10.83.81.0/24'
readonly backend_kong='10.83.81.100'

readonly ndp='ndppd'
readonly firewall='ufw'
readonly database='postgres'
readonly ipv4='none'
readonly ipv4_netplan=''
