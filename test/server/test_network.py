"""The server's own network: netplan's files, what may not be lost, sysctls, and who answers for Kong."""

from __future__ import annotations

import base64
import unittest
import unittest.mock
from typing import Any

from kong_ipv6.netplan_files import Unmanaged, Uplink, fit, routes_in, without_routes
from kong_ipv6.network_state import address_lines, missing, route_lines, rule_lines, told
from kong_ipv6.staging import File, sysctls
from simulated import DISTRIBUTION, EXAMPLE, Case, Failure, Outside, Ran, run

OURS = (EXAMPLE / "host/etc/netplan/60-kong-ipv6.yaml").read_text()
UPLINK = Uplink("ens3", "52:54:00:12:34:56", "virtio_net", False, "", ())
HOST = "2a03:2222:3333:4444::2"


def netplan(ethernet: str, kind: str = "ethernets") -> str:
    return f"network:\n  version: 2\n  {kind}:\n{ethernet}"


class Fit(unittest.TestCase):
    def key(self, *texts: str, uplink: Uplink = UPLINK) -> str:
        """The kind and the ID that our file gets."""
        text = fit(OURS, list(texts), uplink).text
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        kind = next(line.strip(" :") for line in lines if line.startswith("  ") and line.endswith(":"))
        return f"{kind}/{next(line.strip(' :') for line in lines if line.startswith('    '))}".replace('"', "")

    def test_as_it_is_where_nothing_has_to_fit(self) -> None:
        fitted = fit(OURS, [netplan("    ens3: {accept-ra: false}\n")], UPLINK)
        self.assertEqual((fitted.text, fitted.notes), (OURS, []))

    def test_what_is_configured_already_is_left_out(self) -> None:
        fitted = fit(OURS, [DISTRIBUTION], UPLINK)
        self.assertIn("1.2.3.4/22 is already configured", fitted.notes)
        self.assertIn("the IPv4 default route is already configured, via 1.2.0.1", fitted.notes)
        self.assertNotIn("1.2.3.4", fitted.text)
        self.assertIn(HOST, fitted.text)

    def test_the_id_that_the_distribution_gave(self) -> None:
        self.assertEqual(self.key(netplan("    lan0: {match: {name: ens3}}\n")), "ethernets/lan0")
        self.assertEqual(self.key(netplan("    lan0: {match: {name: 'en*'}}\n")), "ethernets/lan0")
        self.assertEqual(self.key(netplan("    lan0: {set-name: ens3, match: {macaddress: x}}\n")), "ethernets/lan0")
        self.assertEqual(
            self.key(
                netplan("    a: {match: {name: ens3}}\n    b: {match: {name: ens3}}\n"),
                uplink=UPLINK._replace(networkd_id="b"),
            ),
            "ethernets/b",
        )

    def test_mac_addresses_in_any_case_and_unquoted(self) -> None:
        for mac in ("'52:54:00:12:34:56'", "52:54:00:12:34:56", '"52:54:00:12:34:56"'):
            self.assertEqual(self.key(netplan(f"    lan0: {{match: {{macaddress: {mac}}}}}\n")), "ethernets/lan0")
        uplink = UPLINK._replace(mac="aa:bb:cc:dd:ee:ff")
        for mac in ("AA:BB:CC:DD:EE:FF", "aa:BB:cc:dd:ee:ff"):
            self.assertEqual(
                self.key(netplan(f"    lan0: {{match: {{macaddress: {mac}}}}}\n"), uplink=uplink), "ethernets/lan0"
            )

    def test_a_driver(self) -> None:
        self.assertEqual(self.key(netplan("    lan0: {match: {driver: virtio_net}}\n")), "ethernets/lan0")
        self.assertEqual(self.key(netplan("    lan0: {match: {driver: [e1000, 'virtio*']}}\n")), "ethernets/lan0")
        with self.assertRaises(Unmanaged):
            self.key(netplan("    lan0: {match: {driver: e1000}}\n"))

    def test_a_bridge_that_has_its_port_s_mac(self) -> None:
        """The address went to the enslaved card."""
        card = netplan("    ens3: {match: {macaddress: '52:54:00:12:34:56'}}\n")
        bridge = netplan("    br0: {interfaces: [ens3]}\n", "bridges")
        ours, uplink = OURS.replace('"ens3"', '"br0"'), UPLINK._replace(name="br0", virtual=True, driver="")
        fitted = fit(ours, [card, bridge], uplink)
        self.assertIn("in this server's netplan files the uplink is bridges/br0", fitted.notes)
        with self.assertRaises(Unmanaged):
            fit(ours, [card], uplink)

    def test_an_id_equal_to_the_name_wins_over_a_match(self) -> None:
        text = netplan("    a: {match: {macaddress: '52:54:00:12:34:56'}}\n    ens3: {dhcp4: true}\n")
        self.assertEqual(self.key(text), "ethernets/ens3")

    def test_tunnels(self) -> None:
        ours, uplink = OURS.replace('"ens3"', '"he6"'), UPLINK._replace(name="he6", driver="")
        fitted = fit(ours, [netplan("    he6: {mode: sit, remote: 192.0.2.1, local: 192.0.2.2}\n", "tunnels")], uplink)
        self.assertIn("in this server's netplan files the uplink is tunnels/he6", fitted.notes)

    def test_a_server_that_netplan_does_not_manage(self) -> None:
        with self.assertRaises(Unmanaged):
            fit(OURS, [netplan("    eth7: {dhcp4: true}\n")], UPLINK)

    def test_router_advertisements(self) -> None:
        bare = netplan("    ens3: {dhcp4: true}\n")
        fitted = fit(OURS, [bare], UPLINK._replace(advertised=("route",)))
        self.assertIn("the IPv6 default route comes from router advertisements", fitted.notes)
        self.assertIn("router advertisements are still accepted: the server needs them", fitted.notes)
        self.assertIn("accept-ra: true", fitted.text)
        fitted = fit(OURS, [netplan("    ens3: {accept-ra: true}\n")], UPLINK)
        self.assertIn("accept-ra is already configured: true", fitted.notes)

    def test_old_gateways(self) -> None:
        fitted = fit(OURS, [netplan("    ens3: {accept-ra: false, gateway6: 'fe80::9'}\n")], UPLINK)
        self.assertEqual(fitted.notes, ["the IPv6 default route is already configured, via fe80::9"])


class Snapshots(unittest.TestCase):
    def test_addresses(self) -> None:
        text = (
            "2: ens3    inet 203.0.113.10/24 brd 203.0.113.255 scope global ens3\\ valid_lft forever\n"
            "2: ens3    inet6 2001:db8::7/64 scope global temporary dynamic\\ valid_lft 9sec\n"
            "2: ens3    inet6 2001:db8::8/64 scope global deprecated\\ valid_lft forever preferred_lft 0sec\n"
            "3: docker0    inet 172.17.0.1/16 scope global docker0\n"
            "4: ipv6_exposed    inet6 2001:db8:1::1/80 scope global\n"
        )
        self.assertEqual(address_lines(text, "ipv6_exposed"), ["addr ens3 203.0.113.10/24"])

    def test_routes(self) -> None:
        text = (
            "default via fe80::1 dev ens3 proto static metric 1024 pref medium\n"
            "default via fe80::2 dev ens3 metric 700 pref medium\n"
            "2001:db8:9::/48 via fe80::1 dev ens3 metric 1024 pref medium linkdown\n"
            "2001:db8:7::/64 via fe80::1 dev ens3 proto ra expires 1700sec\n"
            "2001:db8::/64 dev ens3 proto kernel metric 256\n"
            "2001:db8:1::/80 dev ipv6_exposed metric 1024\n"
            "local ::1 dev lo table local proto kernel metric 0\n"
            "default via fe80::3 dev ens3 table 123 metric 1024\n"
        )
        self.assertEqual(
            route_lines(6, text, "ipv6_exposed"),
            [
                "route6 default via fe80::1 dev ens3 proto static metric 1024 pref medium",
                "route6 default via fe80::2 dev ens3 metric 700 pref medium",
                "path6 default via fe80::2 dev ens3 metric 700 pref medium",
                "path6 2001:db8:9::/48 via fe80::1 dev ens3 metric 1024 pref medium",
                "path6 default via fe80::3 dev ens3 table 123 metric 1024",
            ],
        )

    def test_rules(self) -> None:
        self.assertEqual(
            rule_lines(4, "77:\tfrom 10.7.0.0/24 lookup 123\n"), ["rule4 pref 77 from 10.7.0.0/24 lookup 123"]
        )

    def test_missing(self) -> None:
        before = ["addr ens3 a/64", "route6 default via fe80::1", "path4 10/8 via x proto static"]
        self.assertEqual(missing(before, ["route6 default via fe80::9", "path4 10/8 via x"]), ["addr ens3 a/64"])
        self.assertEqual(missing(before, []), before)

    def test_told(self) -> None:
        lines = ["addr ens3 a/64", "path4 10/8 via x", "route6 default", "rule4 pref 77 from y"]
        self.assertEqual(told(lines), ["a/64 on ens3", "10/8 via x", "default", "rule pref 77 from y"])

    def test_routes_that_only_the_replaced_file_described(self) -> None:
        text = netplan(
            "    ens3:\n      routes: [{to: '::/0', via: 'fe80::9'}, {to: '2001:db8:9::/48', via: 'fe80::9'}]\n"
        )
        self.assertEqual(routes_in(text), {("default", "fe80::9"), ("2001:db8:9::/48", "fe80::9")})
        snapshot = [
            "route6 default via fe80::9 dev ens3 proto static",
            "path6 2001:db8:9::/48 via fe80::9 dev ens3",
            "path6 2001:db8:9::/48 via fe80::9 dev eth1",
            "route4 default via 1.2.0.1 dev ens3",
        ]
        self.assertEqual(without_routes(snapshot, routes_in(text), "ens3"), snapshot[2:])


class Sysctl(Case):
    def test_what_files_set(self) -> None:
        text = "# c\nnet/ipv4/ip_local_port_range=20000 30000\n-net.ipv4.a = 3\nnet.ipv6.conf.eth0/7.b = 1\nnet.ipv4.a = 4\n"
        ours = "-net.ipv6.conf.ipv6_exposed.dad_transmits = 0\nnet.ipv4.c =  1\t2 \n"
        files = {
            "/etc/sysctl.d/60-kong-ipv6.conf": File(ours.encode(), (0o644, 0, 0)),
            "/etc/sysctl.d/99-mine.conf": File(text.encode(), (0o644, 0, 0)),
            "/etc/sysctl.d/notes.txt": File(b"net.x = 1\n", (0o644, 0, 0)),
        }
        wanted = {
            "net.ipv4.c": "1 2",
            "net.ipv4.ip_local_port_range": "20000 30000",
            "net.ipv4.a": "4",
            "net.ipv6.conf.eth0/7.b": "1",
        }
        self.assertEqual(sysctls(files), wanted)

    def test_forwarding_for_both_families(self) -> None:
        self.server.put("/proc/sys/net/ipv4/ip_forward", "0")
        self.assertIn("net.ipv6.conf.all.forwarding 0 → 1", self.planned("sysctl"))
        self.assertIn("net.ipv4.ip_forward 0 → 1", self.planned("sysctl"))
        self.applied()
        self.assertEqual(self.server.sysctl("net.ipv4.ip_forward"), "1")
        self.assertIn("ok forwarding", self.verified("forwarding"))

    def test_an_interface_that_lost_it(self) -> None:
        self.applied()
        self.server.put("/proc/sys/net/ipv6/conf/ens3/forwarding", "0")
        self.assertEqual(self.planned("sysctl"), "sysctl: net.ipv6.conf.ens3.forwarding 0 → 1")
        self.assertIn("fail forwarding: net.ipv6.conf.ens3.forwarding is not 1", self.verified("forwarding"))
        self.applied()
        self.assertEqual(self.server.sysctl("net.ipv6.conf.ens3.forwarding"), "1")

    def test_undo_gives_each_interface_its_own_again(self) -> None:
        self.server.put("/proc/sys/net/ipv6/conf/own9/forwarding", "1")
        self.server.put("/proc/sys/net/ipv4/tcp_syn_retries", "6")
        self.server.write(
            self.server.repository.path / "host/etc/sysctl.d/99-mine.conf", "net.ipv4.tcp_syn_retries = 3\n"
        )
        self.applied()
        self.assertEqual(self.server.sysctl("net.ipv4.tcp_syn_retries"), "3")
        run.rollback(self.again().context, False)
        values = [self.server.sysctl(f"net.ipv6.conf.{link}.forwarding") for link in ("all", "default", "ens3", "own9")]
        self.assertEqual(values, ["0", "0", "0", "1"])
        self.assertEqual(self.server.sysctl("net.ipv4.tcp_syn_retries"), "6")

    def test_a_value_that_a_file_on_the_server_sets_by_now_is_told(self) -> None:
        self.applied()
        rewrite = type(self.server).write_sysctl

        def write(server: Any, key: str, value: str) -> bool:
            return rewrite(server, key, "1")

        with unittest.mock.patch.object(type(self.server), "write_sysctl", write):
            run.rollback(self.again().context, False)
        self.assertIn("net.ipv6.conf.all.forwarding is 1: a file in sysctl.d sets it", self.server.stdout.getvalue())

    def test_a_route_that_forwarding_costs(self) -> None:
        self.server.programs.remove("netplan")
        self.server.addresses.append({"family": "inet6", "local": HOST, "prefixlen": 64, "scope": "global"})
        self.server.default_route = "default via fe80::1 dev ens3\n"
        rewrite = type(self.server).write_sysctl

        def write(server: Any, key: str, value: str) -> bool:
            server.default_route = "" if value == "1" else server.default_route
            return rewrite(server, key, value)

        with unittest.mock.patch.object(type(self.server), "write_sysctl", write), self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertIn("turning forwarding on removed route6 default", raised.exception.cause)
        self.assertEqual(self.server.sysctl("net.ipv6.conf.all.forwarding"), "0")
        self.assertIn(tuple("ip -6 route add default via fe80::1 dev ens3".split()), self.server.calls)
        self.assertNotIn(("netplan", "apply"), self.server.calls)


class Netplan(Case):
    FILE = "/etc/netplan/60-kong-ipv6.yaml"

    def test_what_it_had_given_and_is_gone(self) -> None:
        self.applied()
        self.server.addresses.pop()
        self.server.default_route = ""
        plan = self.planned("netplan")
        self.assertIn(
            f"netplan: ens3 does not have the address {HOST}\nnetplan: there is no IPv6 default route\n", plan
        )
        self.assertIn(f"fail uplink: ens3 does not have the address {HOST}", self.verified("uplink"))
        self.applied()
        self.assertIn("ok uplink", self.verified("uplink"))

    def lost(self, text: str = "203.0.113.77") -> Any:
        """netplan takes an address away that it doesn't know."""
        self.server.addresses.append({"family": "inet", "local": text, "prefixlen": 24, "scope": "global"})
        apply = type(self.server).netplan_apply

        def losing(server: Any, found: Any) -> str:
            server.addresses = [one for one in server.addresses if one["local"] != text]
            return apply(server, found)

        import simulated

        acts = [(pattern, losing if pattern == "netplan apply" else act) for pattern, act in simulated.ACTS]
        return unittest.mock.patch.object(simulated, "ACTS", acts)

    def test_an_address_that_gets_lost_takes_all_back(self) -> None:
        with self.lost(), self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertIn("after netplan apply the server is missing 203.0.113.77/24 on ens3", raised.exception.cause)
        self.assertIn("add it to /etc/netplan, then run this again", raised.exception.remedy)
        self.assertFalse(self.server.exists(self.FILE))
        self.assertIn(tuple("ip addr add 203.0.113.77/24 dev ens3".split()), self.server.calls)
        self.assertNotIn("netplan", self.server.journal.names("todo"))

    def test_netplan_that_fails(self) -> None:
        self.server.answers["netplan apply"] = Ran(1, "", "one\ntwo\n")
        with self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertEqual(raised.exception.cause, "netplan apply failed: one two")

    def test_an_address_that_another_machine_has(self) -> None:
        self.server.answers["addr show dev ens3 dadfailed"] = Ran(
            0, f"2: ens3 inet6 {HOST}/64 scope global dadfailed\n", ""
        )
        with self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertEqual(raised.exception.cause, f"{HOST} is in use by another machine on the link")
        self.assertFalse(self.server.exists(self.FILE))

    def test_a_new_prefix_is_no_loss_and_what_only_the_old_plan_had_goes(self) -> None:
        self.applied()
        file = self.server.repository.path / f"host{self.FILE}"
        self.server.write(file, file.read_text().replace("4444::2", "5555::2").replace("fe80::1", "fe80::9"))
        self.server.with_plan(host="2a03:2222:3333:5555::2", gateway="fe80::9")
        self.assertIn("will be applied, and reverted", self.planned("netplan"))
        self.server.answers["ss -Htn state established"] = Ran(0, f"0 0 [{HOST}]:22 [2001:db8::9]:50000\n", "")
        self.applied()
        self.assertIn(f"{HOST}/64 is kept until the next boot: a connection uses it", self.server.stdout.getvalue())
        self.assertNotIn("route add", str([" ".join(call) for call in self.server.calls]))
        self.assertEqual(self.server.journal.fact("ours", "netplan"), "2a03:2222:3333:5555::2/64")

    def test_the_first_snapshot_stays(self) -> None:
        self.applied()
        first = base64.b64decode(self.server.journal.fact("snapshot", "network") or "").decode()
        self.assertIn("addr ens3 1.2.3.4/22", first)
        self.assertNotIn(HOST, first)

    def test_undo_keeps_what_the_owner_added_since(self) -> None:
        self.applied()
        with self.lost("203.0.113.78"):
            run.rollback(self.again().context, False)
        self.assertIn("restored: 203.0.113.78/24 on ens3", self.server.stdout.getvalue())
        self.assertNotIn(f"ip addr add {HOST}", str([" ".join(call) for call in self.server.calls]))


class Ndp(Case):
    def kernel(self) -> None:
        """The answers say --ndp kernel."""
        self.server.with_plan(ndp="kernel")
        host = self.server.repository.path / "host/etc"
        (host / "ndppd.conf").unlink()
        (host / "systemd/system/ndppd.service").unlink()
        text = f"[Network]\nIPv6ProxyNDP=yes\nIPv6ProxyNDPAddress={self.server.plan.kong}\n"
        self.server.write(host / "systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf", text)
        self.server.put("/proc/sys/net/ipv6/conf/ens3/proxy_ndp", "1")
        self.server.neighbours = [self.server.plan.kong]

    def test_ndppd_that_was_stopped(self) -> None:
        self.applied()
        self.server.units["ndppd.service"] = False
        self.assertEqual(self.planned(), "ndp: ndppd.service will be started now, and started at every boot")
        self.applied()
        self.assertEqual(self.planned(), "")

    def test_the_drop_in_has_netplan_s_id(self) -> None:
        self.kernel()
        self.server.link_state(identity="uplink0")
        self.assertIn(
            "/etc/systemd/network/10-netplan-uplink0.network.d/60-kong-ndp.conf will be created", self.planned("files")
        )

    def test_an_entry_that_is_gone(self) -> None:
        self.kernel()
        self.applied()
        self.assertEqual(self.planned(), "")
        self.server.neighbours = []
        self.assertEqual(
            self.planned(), f"ndp: networkd will let the kernel answer for {self.server.plan.kong} on ens3"
        )

    def test_a_hard_cut_removes_the_old_address_s_entry(self) -> None:
        self.kernel()
        self.applied()
        old, new = self.server.plan.kong, "2a03:2222:3333:4444:300::9"
        file = self.server.repository.path / "host/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf"
        self.server.write(file, file.read_text().replace(old, new))
        self.server.with_plan(kong=new)
        self.server.neighbours = [old, new]
        self.write_env(self.server.env(KONG_BIND_IPV6=new))
        run.apply(self.again().context, False)
        self.assertIn(("ip", "-6", "neigh", "del", "proxy", old, "dev", "ens3"), self.server.calls)
        self.assertNotIn(("ip", "-6", "neigh", "del", "proxy", new, "dev", "ens3"), self.server.calls)
        self.assertEqual(self.server.journal.names("proxy"), [])

    def test_undo_removes_the_entry_and_restores_the_sysctl(self) -> None:
        self.kernel()
        self.server.put("/proc/sys/net/ipv6/conf/ens3/proxy_ndp", "0")
        run.apply(self.again().context, False)
        self.server.put("/proc/sys/net/ipv6/conf/ens3/proxy_ndp", "1")
        run.rollback(self.again().context, False)
        self.assertIn(("ip", "-6", "neigh", "del", "proxy", self.server.plan.kong, "dev", "ens3"), self.server.calls)
        self.assertEqual(self.server.sysctl("net.ipv6.conf.ens3.proxy_ndp"), "0")

    def test_verify(self) -> None:
        self.applied()
        self.assertIn("ok ndp: ndppd answers a Neighbor Solicitation", self.verified("ndp"))
        with unittest.mock.patch.object(Outside, "silent", {self.server.plan.kong}):
            self.assertIn("fail ndp: ndppd doesn't answer a Neighbor Solicitation", self.verified("ndp"))
        with unittest.mock.patch.object(Outside, "problem", "no tc"):
            self.assertIn("warn ndp: not tested: the test needs tc", self.verified("ndp"))
        self.server.with_plan(ndp="none")
        self.assertIn("warn ndp: nothing answers Neighbor Solicitations", self.verified("ndp"))
        self.server.with_plan(delivery="routed")
        self.assertIn("ok ndp: no NDP proxy is needed: the prefix is routed to this server", self.verified("ndp"))


if __name__ == "__main__":
    unittest.main()
