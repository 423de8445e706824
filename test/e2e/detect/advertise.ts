import type { Namespace } from "../lab/namespace.ts";

/**
 * Sends router advertisements on a link, one per second (RFC 4861 4.2), with a default router and an on-link
 * prefix for SLAAC. The lab's routers send none by themselves.
 * @returns a function that stops it
 */
export async function advertise(
  router: Namespace,
  device: string,
  prefix: string,
): Promise<() => void> {
  const link = await router.must(["ip", "-j", "link", "show", "dev", device]);
  const [{ ifindex }] = JSON.parse(link) as [{ ifindex: number }];
  const [network = "", length = ""] = prefix.split("/");
  const sender = router.start([
    "perl",
    "-e",
    SEND,
    String(ifindex),
    network,
    length,
  ]);
  return () => void sender.kill();
}

/** The kernel fills in the checksum of raw ICMPv6 (RFC 3542 3.1). */
const SEND = `
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 AF_INET6);
my ($index, $network, $length) = @ARGV;
socket(my $icmp, AF_INET6, SOCK_RAW, 58) or die $!;
setsockopt($icmp, 41, 18, pack("i", 255)) or die $!;  # IPV6_MULTICAST_HOPS
setsockopt($icmp, 41, 17, pack("i", $index)) or die $!;  # IPV6_MULTICAST_IF
my $all = pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index);
my $router = pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0);
my $prefix = pack("CCCCNNNa16", 3, 4, $length, 0xc0, 86400, 14400, 0, inet_pton(AF_INET6, $network));
while (1) { send($icmp, $router . $prefix, 0, $all) or die $!; sleep 1 }
`;
