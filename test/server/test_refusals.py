"""Every refusal of apply.sh: cause and remedy, all of a run together, and nothing changed."""

from __future__ import annotations

import unittest
import unittest.mock
from typing import Any
from unittest.mock import patch

from kong_ipv6.resources.compose_refusals import in_the_way
from simulated import LINK, Case, Ran, run

VMBR0 = {"ifname": "vmbr0", "address": "aa:00:00:00:00:01", "linkinfo": {"info_kind": "bridge"}}


def address(local: str, length: int) -> dict[str, Any]:
    return {"family": "inet6", "local": local, "prefixlen": length, "scope": "global"}


class Refusals(Case):
    def test_a_fresh_server_is_not_refused(self) -> None:
        self.assertEqual(self.refused(), "")

    def test_all_of_them_are_printed_together_and_nothing_is_changed(self) -> None:
        self.write_env(self.server.env(KONG_PG_PASSWORD="replace-me", KONG_BIND_IPV6="2a03::1"))
        with self.assertRaises(run.Refused):
            run.apply(self.server.context, False)
        self.assertEqual(self.server.stderr.getvalue().count("Refused: "), 2)
        self.assertEqual(self.server.stderr.getvalue().count("Remedy: "), 2)
        self.assertEqual(self.server.docker.requests, [])
        self.assertFalse(self.server.on("/var/lib/kong-ipv6").exists())

    # Settings.

    def test_a_password_that_is_not_one(self) -> None:
        for value in ("replace-me", "", "<secret>"):
            self.write_env(self.server.env(KONG_PG_PASSWORD=value))
            self.assertIn(
                "KONG_PG_PASSWORD in .env is not set | set it to the output of: openssl rand -hex 32", self.refused()
            )

    def test_without_a_database_no_password_is_needed(self) -> None:
        self.write_env(self.server.env(KONG_PG_PASSWORD=""))
        self.server.with_plan(database="off")
        self.assertEqual(self.refused(), "")

    def test_kong_s_address(self) -> None:
        self.write_env(self.server.env(KONG_BIND_IPV6="2a03:2222:3333:4444:400::1"))
        self.assertIn(
            "is not inside the exposed subnet 2a03:2222:3333:4444:300::/80 | set KONG_BIND_IPV6=", self.refused()
        )
        self.write_env(self.server.env(KONG_BIND_IPV6="2a03:2222:3333:4444:300::9"))
        self.assertIn("regenerate --kong 2a03:2222:3333:4444:300::9", self.refused())
        self.write_env(self.server.env(KONG_BIND_IPV6="2A03:2222:3333:4444:0300:0:0:8100"))
        self.assertEqual(self.refused(), "")

    def test_env_as_yaml(self) -> None:
        """The generator and compose read `KEY: value`."""
        self.write_env(self.server.env().replace("KONG_BIND_IPV6=", "KONG_BIND_IPV6: "))
        self.assertEqual(self.refused(), "")

    def test_the_ipv4_to_publish_on(self) -> None:
        self.write_env(self.server.env(KONG_BIND_IP="192.0.2.1"))
        self.assertIn(
            "192.0.2.1 in .env is not an address of this server | set KONG_BIND_IP=0.0.0.0, or one of: 1.2.3.4",
            self.refused(),
        )
        self.write_env(self.server.env(KONG_BIND_IP=""))
        self.assertIn("KONG_BIND_IP in .env is not set", self.refused())
        self.server.with_plan(ipv4_published=False)
        self.assertEqual(self.refused(), "")

    def test_the_data_directory(self) -> None:
        self.write_env(self.server.env(KONG_DATA_DIR=""))
        self.assertIn("KONG_DATA_DIR in .env is not set | set KONG_DATA_DIR=./data", self.refused())

    def test_space(self) -> None:
        with patch("kong_ipv6.resources.base.os.statvfs") as statvfs:
            statvfs.return_value.f_bavail, statvfs.return_value.f_frsize = 3, 1 << 20
            self.assertIn("only 3 MB are free below", self.refused())

    def test_space_for_images(self) -> None:
        """With the containerd image store, the default of a fresh 29, they are containerd's."""
        asked: list[str] = []
        with unittest.mock.patch(
            "kong_ipv6.resources.compose.short_of_space", lambda path, _: asked.append(path) or []
        ):
            self.refused()
            self.server.docker.data["info"]["DriverStatus"] = [["driver-type", "io.containerd.snapshotter.v1"]]
            self.refused()
        self.assertEqual(asked, ["/var/lib/docker", "/var/lib/containerd"])

    def test_conflict_markers(self) -> None:
        file = self.server.repository.path / "host" / "etc" / "ndppd.conf"
        self.server.write(file, "<<<<<<< yours\n")
        self.assertIn("host/etc/ndppd.conf still has conflict markers", self.refused())

    # Docker.

    def test_no_docker(self) -> None:
        self.server.programs.remove("docker")
        self.server.docker.runs = False
        self.assertIn("Docker is not installed | apt-get install docker.io", self.refused())
        self.server.put("/snap/bin/docker", "")
        self.assertIn(
            "Docker is installed as a snap, which doesn't read /etc/docker/daemon.json | snap remove docker",
            self.refused(),
        )

    def test_docker_that_does_not_run(self) -> None:
        self.server.docker.runs = False
        self.assertIn("Docker doesn't answer: connection refused | systemctl start docker", self.refused())

    def test_an_engine_that_is_too_old(self) -> None:
        self.server.docker.data["version"]["Version"] = "19.03.15"
        self.assertIn("Docker 19.03.15 is too old: this gateway needs 20.10 or newer | upgrade Docker", self.refused())

    def test_no_compose(self) -> None:
        self.server.answers["docker compose version"] = Ran(1, "", "")
        self.server.answers["docker-compose version"] = Ran(0, "1.25.0\n", "")
        self.assertIn("neither docker compose 2 nor docker-compose 1.29 is installed", self.refused())
        self.server.answers["docker-compose version"] = Ran(0, "1.29.2\n", "")
        self.assertEqual(self.refused(), "")

    def test_compose_5_without_buildx(self) -> None:
        self.server.answers["docker compose version"] = Ran(0, "5.5.0\n", "")
        self.server.answers["docker buildx version"] = Ran(1, "", "")
        self.assertIn(
            "builds with buildx 0.17 or newer, and it is missing | apt-get install docker-buildx-plugin", self.refused()
        )
        self.server.answers["docker buildx version"] = Ran(0, "github.com/docker/buildx v0.13.1 1234\n", "")
        self.assertIn("and there is 0.13", self.refused())
        self.server.answers["docker buildx version"] = Ran(0, "github.com/docker/buildx v0.34.0 1234\n", "")
        self.assertEqual(self.refused(), "")

    def test_an_error_in_the_compose_file(self) -> None:
        self.server.answers["config --hash"] = Ran(1, "", "time=x level=warning msg=old\ncap_dropped is not allowed\n")
        self.assertIn("docker-compose.yml or .env has an error: cap_dropped is not allowed", self.refused())
        self.assertNotIn("level=warning", self.refused())

    def test_daemon_json(self) -> None:
        for text, said in (
            ('{"log-driver": "local",}', "/etc/docker/daemon.json is not valid: "),
            ("[]", "/etc/docker/daemon.json is not valid: not a JSON object"),
            ('{"iptables": false}', '"iptables": false'),
            ('{"bridge": "none"}', '"bridge": "none"'),
        ):
            self.server.put("/etc/docker/daemon.json", text)
            self.assertIn(said, self.refused())

    def test_daemon_json_that_dockerd_refuses(self) -> None:
        self.server.answers["dockerd --validate"] = Ran(1, "", "unable to configure: x\n")
        self.assertIn("dockerd rejects the merged daemon.json: unable to configure: x", self.refused())
        self.assertFalse(self.server.exists("/run/kong-ipv6-daemon.json"))

    def test_another_repository_s_containers(self) -> None:
        other = self.server.folder / "other"
        self.server.write(other / "docker-compose.yml", "")
        identity = self.server.docker.add_container("kong", {})
        self.server.docker.listed(identity)["Labels"]["com.docker.compose.project.working_dir"] = str(other)
        self.assertIn(f"the gateway on this server belongs to {other}, which still exists", self.refused())

    def test_another_project_name(self) -> None:
        self.server.journal.record("project", "mine", str(self.server.repository.path))
        self.server.docker.add_container("kong", {}, "mine")
        self.assertIn("is not the project name of the existing containers: mine", self.refused())
        self.assertIn("docker compose --project-name mine down", self.refused())

    def test_ports_in_use(self) -> None:
        self.server.answers["ss -Hltnp"] = Ran(
            0, 'LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("python3",pid=1,fd=3))\n', ""
        )
        self.assertIn("ports that Kong needs are in use on this server: 0.0.0.0:80 (python3)", self.refused())
        self.server.answers["ss -Hltnp"] = Ran(
            0, 'LISTEN 0 5 127.0.0.1:80 0.0.0.0:* users:(("python3",pid=1,fd=3))\n', ""
        )
        self.assertEqual(self.refused(), "")

    def test_a_container_that_publishes_kong_s_ports(self) -> None:
        ports = [{"IP": "0.0.0.0", "PrivatePort": 8080, "PublicPort": 80, "Type": "tcp"}]
        self.server.docker.add_container("web", {}, "", Names=["/web"], Ports=ports)
        self.assertIn("the container web publishes port 80 or 443: 0.0.0.0:80", self.refused())

    def test_in_the_way(self) -> None:
        self.assertTrue(all(in_the_way(one, "0.0.0.0") for one in ("0.0.0.0", "127.0.0.1", "*", "[::]", "[::1]", "")))
        self.assertFalse(in_the_way("[fe80::1%eth0]", "0.0.0.0"))
        self.assertTrue(in_the_way("0.0.0.0", "1.2.3.4") and in_the_way("1.2.3.4", "1.2.3.4"))
        self.assertFalse(in_the_way("127.0.0.1", "1.2.3.4"))
        self.assertFalse(in_the_way("0.0.0.0", "") or in_the_way("127.0.0.1", ""))

    def test_containers_on_a_backend_network_that_has_to_go(self) -> None:
        self.server.docker.add_network("kong-ipv6_kong-net", "10.83.82.0/24", Containers={"g" * 64: {}})
        self.server.docker.add_container("guest", {}, "", Names=["/guest"], Id="g" * 64)
        self.assertIn(
            "kong-ipv6_kong-net must be recreated with 172.30.0.0/16 instead of 10.83.82.0/24", self.refused()
        )
        self.assertIn("connected to it: guest", self.refused())

    # The network.

    def test_no_interface(self) -> None:
        self.server.with_plan(uplink="eth9")
        self.assertIn(
            "there is no interface eth9 | create-kong-ipv6 regenerate --interface NAME; NAME is one of: ens3",
            self.refused(),
        )

    def test_ipv6_is_off(self) -> None:
        self.server.put("/proc/sys/net/ipv6/conf/ens3/disable_ipv6", "1")
        self.assertIn("IPv6 is disabled on ens3", self.refused())

    def test_the_prefix_on_another_interface(self) -> None:
        eth1 = {"ifname": "eth1", "addr_info": [address("2a03:2222:3333:4444::9", 64)]}
        self.server.extra_links = [eth1]
        self.assertIn(
            "the prefix 2a03:2222:3333:4444::/64 is on eth1 (2a03:2222:3333:4444::9/64), not on ens3", self.refused()
        )
        self.server.addresses.append(address("2a03:2222:3333:4444::2", 128))
        self.assertEqual(self.refused(), "")

    def test_a_bridge_of_virtual_machines_with_the_same_prefix(self) -> None:
        self.server.extra_links = [{**VMBR0, "addr_info": [address("2a03:2222:3333:4444::2", 64)]}]
        self.assertEqual(self.refused(), "")
        self.server.extra_links = [{**VMBR0, "addr_info": [address("2a03:2222:3333:4444:300::1", 80)]}]
        self.assertIn("vmbr0 has 2a03:2222:3333:4444:300::1/80, which is inside the exposed subnet", self.refused())

    def test_the_link(self) -> None:
        for verdict, said in (
            ("no-gateway", "the gateway fe80::1 doesn't answer on ens3"),
            ("elsewhere", "the router fe80::1 doesn't deliver 2a03:2222:3333:4444::/64 on ens3"),
        ):
            with patch.dict(LINK, delivery=verdict):
                self.assertIn(said, self.refused())
        self.server.with_plan(delivery="routed")
        self.assertIn("but the router solicits its addresses on the link", self.refused())
        with patch.dict(LINK, delivery="unknown"):
            self.assertEqual(self.refused(), "")

    def test_an_address_that_another_machine_has(self) -> None:
        with patch.dict(LINK, used=["2a03:2222:3333:4444::2"]):
            self.assertIn("another machine on ens3 answers for 2a03:2222:3333:4444::2", self.refused())

    def test_the_link_is_asked_only_before_the_first_deployment(self) -> None:
        self.server.journal.record("network", "ipv6_exposed", "absent")
        with patch.dict(LINK, delivery="no-gateway"):
            self.assertEqual(self.refused(), "")

    def test_netplan_files_that_cannot_be_read(self) -> None:
        self.server.put("/etc/netplan/90.yaml", "network:\n  ethernets:\n    ens3:\n   x: 1\n")
        self.assertIn("the files in /etc/netplan can't be read", self.refused())

    def test_netplan_that_refuses(self) -> None:
        self.server.answers["netplan generate"] = Ran(1, "", "** (generate:9): WARNING **: 01:02:03.4: bad gateway\n")
        self.assertIn("netplan refuses the configuration: WARNING: bad gateway", self.refused())

    def test_what_netplan_says_without_our_file_too_is_no_refusal(self) -> None:
        self.server.answers["netplan generate"] = Ran(0, "", "gateway4 is deprecated\n")
        self.assertEqual(self.refused(), "")

    def test_a_server_that_netplan_does_not_manage(self) -> None:
        self.server.programs.remove("netplan")
        self.assertIn(
            "netplan doesn't manage ens3, and ens3 does not have the address 2a03:2222:3333:4444::2", self.refused()
        )
        self.server.addresses.append(address("2a03:2222:3333:4444::2", 64))
        self.assertIn("and there is no IPv6 default route", self.refused())
        self.server.default_route = "default via fe80::1 dev ens3\n"
        self.assertEqual(self.refused(), "")
        self.assertIn(
            "netplan doesn't manage ens3; its address and route exist, so nothing is changed",
            self.server.stdout.getvalue(),
        )

    def test_the_kernel_s_proxy_without_networkd(self) -> None:
        self.server.with_plan(ndp="kernel")
        self.assertEqual(self.refused(), "")
        self.server.link_state("unmanaged")
        self.assertIn("systemd-networkd doesn't manage ens3: --ndp kernel needs it", self.refused())
        self.server.link_state()
        self.server.units["systemd-networkd"] = False
        self.assertIn("systemd-networkd doesn't manage ens3: --ndp kernel needs it", self.refused())

    # Filters and packages.

    def test_ufw_without_ipv6(self) -> None:
        self.server.put("/etc/default/ufw", "IPV6=no\n")
        self.assertEqual(self.refused(), "")
        self.server.put("/etc/ufw/ufw.conf", "ENABLED=yes\n")
        self.server.answers["^iptables -w -n -L ufw-user-input"] = Ran(0, "", "")
        self.assertIn(
            "ufw is active with IPV6=no: it drops all IPv6 traffic of this server | set IPV6=yes",
            self.refused(),
        )

    def test_a_package_without_apt(self) -> None:
        self.server.programs -= {"ndppd", "nft"}
        self.assertEqual(self.refused(), "")
        self.server.programs.remove("apt-get")
        self.assertIn("ndppd is not installed, and there is no apt-get to install it", self.refused())
        self.assertIn("nftables is not installed, and there is no apt-get to install it", self.refused())

    def test_a_container_that_could_not_be_put_back(self) -> None:
        """It is found before anything is taken off."""
        self.server.journal.record("network", "old", "absent")
        self.server.docker.add_network("old", "2a03::/80", Labels={"kong-ipv6.made-on": "26.1.5"})
        self.server.docker.add_container("born", {"old": {}}, "", Names=["/born"])
        self.assertIn(
            "born can't be connected to ipv6_exposed: it was created for old, which has to be removed", self.refused()
        )


if __name__ == "__main__":
    unittest.main()
