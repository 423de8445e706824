# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The plan: the values derived from the answers. All other files in scripts/ are
# the same in every repository.
readonly prefix='2001:db8:d0::/48'
readonly delivery='routed'
readonly uplink='ens3'
readonly uplink_sysctl='ens3'
readonly host='2001:db8:d0::2'
readonly gateway='2001:db8:ffff::1'

readonly network='ipv6_exposed'
readonly bridge='ipv6_exposed'
readonly subnet='2001:db8:d0:7:300::/80'
readonly subnet_gateway='2001:db8:d0:7:300::1'
readonly subnet_range='2001:db8:d0:7:300:0:8000:0/97'
readonly kong='2001:db8:d0:7:300::8100'

readonly backend='192.168.181.0/28'
readonly backend_kong='192.168.181.8'

readonly ndp='none'
readonly firewall='ufw'
readonly database='postgres'
readonly ipv4='published'
readonly ipv4_netplan=''
