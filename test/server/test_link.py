"""The uplink, and what the link itself answers: refusals."""

from __future__ import annotations

from support.case import SLAAC, Case
from support.kernel import Address

UPPER = "2a03:2222:3333:4444:8000::/65"
HOST = "2a03:2222:3333:4444::2"
DNS, MAIL = "2a03:2222:3333:4444:300::53", "2a03:2222:3333:4444:300::25"


class TheUplink(Case):
    def test_a_missing_interface(self) -> None:
        server = self.server(uplink__name="eth7")
        self.refused(server, "link", "there is no interface eth7", "NAME is one of: ens3")

    def test_ipv6_is_off(self) -> None:
        server = self.server()
        server.kernel.sysctl("net.ipv6.conf.ens3.disable_ipv6", "1")
        self.refused(server, "link", "IPv6 is disabled on ens3", "disable_ipv6=1")
        server = self.server()
        (server.root / "proc/net/if_inet6").unlink()
        self.refused(server, "link", "IPv6 is disabled on ens3", "ipv6.disable=1")

    def test_an_address_of_the_exposed_subnet_on_another_interface(self) -> None:
        server = self.server()
        server.kernel.add_link("eth1", "52:54:00:00:00:03")
        server.kernel.addresses.append(Address("eth1", "2a03:2222:3333:4444:300::5/128"))
        self.refused(
            server,
            "link",
            "eth1 has 2a03:2222:3333:4444:300::5/128, which is inside the exposed subnet",
            "regenerate --exposed 2a03:2222:3333:4444:301::/80",
        )

    def test_the_prefix_is_on_another_card(self) -> None:
        server = self.server()
        server.kernel.add_link("eth1", "52:54:00:00:00:03")
        server.kernel.addresses.append(Address("eth1", "2a03:2222:3333:4444::7/64"))
        self.refused(server, "link", "is on eth1", "--interface eth1")

    def test_a_bridge_of_virtual_machines_may_have_the_same_prefix(self) -> None:
        """eth0 has …::2/128, vmbr0 …::2/64: with --interface vmbr0 Kong would not be reached."""
        server = self.server()
        server.kernel.add_link("vmbr0", "52:54:00:00:00:03", "bridge")
        server.kernel.addresses += [Address("ens3", f"{HOST}/128"), Address("vmbr0", f"{HOST}/64")]
        self.assertEqual([], self.refusals(server, "link"))

    def test_a_bridge_whose_subnet_is_inside_the_exposed_one(self) -> None:
        server = self.server()
        server.kernel.add_link("vmbr0", "52:54:00:00:00:03", "bridge")
        server.kernel.addresses.append(Address("vmbr0", "2a03:2222:3333:4444:300:0:0:1/112"))
        self.refused(server, "link", "which is inside the exposed subnet", "--exposed 2a03:2222:3333:4444:301::/80")

    def test_a_bridge_that_the_uplink_is_a_port_of(self) -> None:
        """Bug: it counted as a bridge of virtual machines, and the address went to its port."""
        server = self.server()
        server.kernel.add_link("br0", "52:54:00:00:00:03", "bridge")
        server.kernel.links["ens3"]["master"] = "br0"
        server.kernel.addresses.append(Address("br0", f"{HOST}/64"))
        self.refused(server, "link", "is on br0", "--interface br0")

    def test_dockers_own_interfaces_do_not_count(self) -> None:
        self.assertEqual([], self.refusals(self.applied(), "link"))


class TheLink(Case):
    def test_another_machine_has_our_address(self) -> None:
        server = self.server()
        server.uses = [server.plan.kong, HOST]
        self.refused(
            server,
            "link",
            f"another machine on ens3 answers for {server.plan.kong} and {HOST}",
            "regenerate --host ADDRESS --kong ADDRESS",
        )

    def test_another_machine_has_the_address_of_a_container(self) -> None:
        ports = [{"port": 53, "protocol": "tcp"}, {"port": 53, "protocol": "udp"}]
        smtp = [{"port": 25, "protocol": "tcp"}]
        expose = [
            {"name": "dns", "address": DNS, "ports": ports, "variable": "EXPOSE_DNS_IPV6"},
            {"name": "mail", "address": MAIL, "ports": smtp, "variable": "EXPOSE_MAIL_IPV6"},
        ]
        # Also on a server that is set up already.
        for server in (self.server(expose=expose), self.applied()):
            server.change_plan(expose=expose)
            server.uses = [DNS]
            self.refused(
                server,
                "link",
                f"another machine on ens3 answers for {DNS}",
                f"create-kong-ipv6 regenerate --expose dns@[ADDRESS]:53,53/udp --expose mail@[{MAIL}]:25",
            )

    def test_the_gateway_does_not_answer(self) -> None:
        server = self.server()
        server.delivery = "no-gateway"
        self.refused(server, "link", "the gateway fe80::1 doesn't answer on ens3", "regenerate --gateway")

    def test_the_prefix_is_delivered_elsewhere(self) -> None:
        server = self.server()
        server.delivery = "elsewhere"
        self.refused(server, "link", "doesn't deliver 2a03:2222:3333:4444::/64 on ens3", "regenerate --prefix")

    def test_routed_by_the_answers_and_on_link_in_truth(self) -> None:
        server = self.server(delivery="routed", ndp="none")
        self.refused(server, "link", "the router solicits its addresses on the link", "--delivery on-link --ndp ndppd")

    def test_silence_says_nothing(self) -> None:
        for verdict in ("unknown", "on-link", "routed"):
            server = self.server()
            server.delivery = verdict
            self.assertEqual([], self.refusals(server, "link"), verdict)

    def test_after_the_first_deployment_only_new_addresses_are_asked_for(self) -> None:
        server = self.applied()
        server.delivery, server.uses = "no-gateway", [server.plan.kong]
        self.assertEqual([], self.refusals(server, "link"))


class OtherDeliveries(Case):
    """Routed prefixes, kept addresses, tunnels."""

    def test_a_tunnel_has_nobody_to_solicit(self) -> None:
        for answers in ({"ndp": "ndppd", "delivery": "routed"}, {"ndp": "none", "delivery": "on-link"}):
            server = self.server(gateway="none", **answers)
            server.write("/sys/class/net/ens3/flags", "0x91\n")
            self.refused(server, "link", "ens3 has no link-layer addresses", "--delivery routed --ndp none")
        server = self.server(gateway="none", ndp="none", delivery="routed")
        server.write("/sys/class/net/ens3/flags", "0x91\n")
        server.uses = [server.plan.kong]
        self.assertEqual([], self.refusals(server, "link"))

    def test_an_address_of_the_uplink_inside_the_exposed_subnet(self) -> None:
        """With --host keep the generator can't know it."""
        server = self.kept(exposed__subnet="2a03:2222:3333:4444::/65", delivery="routed", ndp="none")
        server.delivery = "routed"
        self.refused(server, "link", f"ens3 has {SLAAC}/64, which is inside the exposed subnet", f"--exposed {UPPER}")

    def test_no_subnet_is_free(self) -> None:
        prefix = "2a03:2222:3333:4444::8/126"
        server = self.kept(prefix=prefix, exposed__subnet=prefix, delivery="routed", ndp="none")
        server.delivery = "routed"
        server.kernel.add_link("eth1", "52:54:00:00:00:03")
        server.kernel.addresses.append(Address("eth1", "2a03:2222:3333:4444::9/128"))
        self.refused(server, "link", "inside the exposed subnet", f"no subnet of {prefix} is free of these addresses")

    def test_the_gateway_inside_the_exposed_subnet(self) -> None:
        server = self.kept()
        server.kernel.routes[6].append("default via 2a03:2222:3333:4444:300::9 dev ens3 proto static metric 2048")
        self.refused(
            server, "link", "the gateway 2a03:2222:3333:4444:300::9 is inside", "--exposed 2a03:2222:3333:4444:301::/80"
        )

    def test_what_our_own_file_gives_the_uplink_may_move(self) -> None:
        server = self.applied()
        server.change_plan(exposed__subnet="2a03:2222:3333:4444::/80", host="2a03:2222:3333:4444:9::2")
        self.assertEqual([], self.refusals(server, "link"))

    def test_a_routed_prefix_may_be_on_another_link(self) -> None:
        server = self.server(delivery="routed", ndp="none", host="2a03:9999::2")
        server.delivery = "routed"
        server.kernel.add_link("lan0", "52:54:00:00:00:03")
        server.kernel.addresses.append(Address("lan0", "2a03:2222:3333:4444::1/64"))
        self.assertEqual([], self.refusals(server, "link"))
        server.kernel.addresses.append(Address("lan0", "2a03:9999::2/64"))
        self.refused(server, "link", "is on lan0", "--interface lan0")

    def test_a_kept_host_needs_its_prefix_on_no_other_card(self) -> None:
        server = self.kept()
        server.kernel.add_link("eth1", "52:54:00:00:00:03")
        server.kernel.addresses.append(Address("eth1", "2a03:2222:3333:4444::7/64"))
        self.assertEqual([], self.refusals(server, "link"))
        server.kernel.addresses = [one for one in server.kernel.addresses if "dynamic" not in one.flags]
        self.refused(server, "link", "is on eth1", "--interface eth1")

    def test_a_gateway_that_router_advertisements_name_is_asked(self) -> None:
        server = self.kept()
        server.delivery = "no-gateway"
        self.refused(server, "link", "the gateway fe80::1 doesn't answer on ens3", "ping -6 fe80::1%ens3")
        server.kernel.routes[6] = ["default dev ens3 proto static metric 1024"]
        self.assertEqual([], self.refusals(server, "link"))
