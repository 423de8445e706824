""".env, the data directory and the password's file."""

from __future__ import annotations

from kong_ipv6.settings import parse
from support.case import Case


class Env(Case):
    """The forms of .env that compose's dotenv parser takes."""

    def test_each_form(self) -> None:
        for line, value in (
            ("KEY=value", "value"),
            ("KEY = value", "value"),
            ("KEY: value", "value"),
            ("KEY:value", "value"),
            ("  KEY=value", "value"),
            ("export KEY=value", "value"),
            ("KEY=value  # a comment", "value"),
            ("KEY=va#lue", "va#lue"),
            ('KEY="value # no comment"', "value # no comment"),
            ("KEY='value'  # a comment", "value"),
            ("KEY=", ""),
            ("KEY=value\r", "value"),
            ("KEY=a=b", "a=b"),
            ("KEY: 2001:db8::1", "2001:db8::1"),
        ):
            self.assertEqual({"KEY": value}, parse(line), line)

    def test_what_is_no_assignment(self) -> None:
        self.assertEqual({}, parse("# KEY=value\n\nKEY\n=value\n"))

    def test_the_last_one_counts(self) -> None:
        self.assertEqual({"KEY": "2"}, parse("KEY=1\nKEY: 2\n"))

    def test_a_value_after_a_colon_reaches_the_program(self) -> None:
        server = self.server()
        server.env(KONG_BIND_IPV6=None)
        with (server.repository / ".env").open("a") as file:
            file.write(f"KONG_BIND_IPV6: {server.plan.kong}\n")
        self.assertEqual([], self.refusals(server, "secrets"))


class Refusals(Case):
    def test_a_password_that_was_never_set(self) -> None:
        for text in ("", "replace-me", "<secret>"):
            server = self.server()
            server.env(KONG_PG_PASSWORD=text)
            self.refused(server, "secrets", "KONG_PG_PASSWORD in .env is not set", "openssl rand -hex 32")

    def test_no_password_is_needed_without_a_database(self) -> None:
        server = self.server(database="off")
        server.env(KONG_PG_PASSWORD=None)
        self.assertEqual([], self.refusals(server, "secrets"))

    def test_an_address_outside_of_the_exposed_subnet(self) -> None:
        for address in ("2001:db8::1", "", "nonsense"):
            server = self.server()
            server.env(KONG_BIND_IPV6=address)
            self.refused(server, "secrets", "is not inside the exposed subnet", f"KONG_BIND_IPV6={server.plan.kong}")

    def test_another_address_of_the_exposed_subnet(self) -> None:
        server = self.server()
        server.env(KONG_BIND_IPV6="2a03:2222:3333:4444:300::8101")
        self.refused(server, "secrets", "is not the planned address", "regenerate --kong 2a03:2222:3333:4444:300::8101")

    def test_the_address_of_another_container(self) -> None:
        """Bug: compose gave it another address than the firewall and the NDP proxy."""
        dns = "2a03:2222:3333:4444:300::53"
        ports = [{"port": 53, "protocol": "udp"}]
        server = self.server(
            expose=[{"name": "dns", "address": dns, "ports": ports, "variable": "EXPOSE_DNS_IPV6"}],
        )
        server.env(EXPOSE_DNS_IPV6="2a03:2222:3333:4444:300::54")
        self.refused(server, "secrets", f"is not the planned address, {dns}", f"set EXPOSE_DNS_IPV6={dns}")
        server.env(EXPOSE_DNS_IPV6=None)
        self.refused(server, "secrets", "is not inside the exposed subnet", f"set EXPOSE_DNS_IPV6={dns}")
        server.env(EXPOSE_DNS_IPV6=dns)
        self.assertEqual([], self.refusals(server, "secrets"))

    def test_the_plans_address_in_another_spelling(self) -> None:
        server = self.server()
        server.env(KONG_BIND_IPV6="2A03:2222:3333:4444:0300:0:0:8100")
        self.assertEqual([], self.refusals(server, "secrets"))

    def test_an_ipv4_that_the_server_does_not_have(self) -> None:
        server = self.server(ipv4__netplan="")
        server.env(KONG_BIND_IP="192.0.2.9")
        self.refused(
            server, "secrets", "KONG_BIND_IP=192.0.2.9 in .env is not an address of this server", "or one of: 1.2.3.4"
        )

    def test_an_ipv4_that_is_missing(self) -> None:
        server = self.server()
        server.env(KONG_BIND_IP=None)
        self.refused(server, "secrets", "KONG_BIND_IP in .env is not set", "0.0.0.0")

    def test_each_ipv4_that_is_fine(self) -> None:
        for address in ("0.0.0.0", "1.2.3.4", "127.0.0.1"):
            server = self.server()
            server.env(KONG_BIND_IP=address)
            self.assertEqual([], self.refusals(server, "secrets"), address)

    def test_one_that_our_netplan_file_is_going_to_give(self) -> None:
        server = self.server(ipv4__netplan="1.2.3.9/22")
        server.env(KONG_BIND_IP="1.2.3.9")
        self.assertEqual([], self.refusals(server, "secrets"))

    def test_no_ipv4_is_needed_where_none_is_published(self) -> None:
        server = self.server(ipv4__published=False)
        server.env(KONG_BIND_IP=None)
        self.assertEqual([], self.refusals(server, "secrets"))

    def test_no_data_directory(self) -> None:
        server = self.server()
        server.env(KONG_DATA_DIR=None)
        self.refused(server, "secrets", "KONG_DATA_DIR in .env is not set", "KONG_DATA_DIR=./data")

    def test_a_full_disk(self) -> None:
        server = self.server()
        server.free[str(server.folder)] = 63
        self.refused(server, "secrets", "only 63 MB are free", "free some space there")


class Changes(Case):
    def test_a_fresh_server(self) -> None:
        server = self.server()
        data = server.repository / "data"
        self.assertEqual(
            [f"data: {data} will be created", f"secret: {data}/secrets/kong_pg_password will be written, from .env"],
            self.changes(server, "secrets"),
        )

    def test_an_applied_one(self) -> None:
        self.assertEqual([], self.changes(self.applied(), "secrets"))

    def test_an_env_that_others_can_read(self) -> None:
        server = self.applied()
        (server.repository / ".env").chmod(0o604)
        self.assertIn(".env: will get mode 600", self.changes(server, "secrets")[0])
        server.run("apply")
        self.assertEqual(0o600, (server.repository / ".env").stat().st_mode & 0o777)

    def test_one_that_a_group_may_read_is_the_owners_choice(self) -> None:
        server = self.applied()
        (server.repository / ".env").chmod(0o640)
        self.assertEqual([], self.changes(server, "secrets"))

    def test_docker_27_needs_another_publication(self) -> None:
        server = self.server("27.5.1")
        self.assertIn(
            ".env: KONG_PUBLISH_IPV6=[::] will be added: Docker 27 accepts no other value",
            self.changes(server, "secrets"),
        )
        server.run("apply")
        self.assertIn("\nKONG_PUBLISH_IPV6=[::]\n", (server.repository / ".env").read_text())
        self.assertEqual([], self.changes(server, "secrets"))

    def test_the_database_keeps_its_password_where_env_is_made_again(self) -> None:
        server = self.applied()
        (server.repository / ".env").unlink()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn("KONG_PG_PASSWORD=not-to-be-printed-5f1d\n", (server.repository / ".env").read_text())

    def test_each_spelling_of_env_example_gets_the_password(self) -> None:
        """Bug: the secret held "replace-me" where the owner wrote a colon, or took the line out."""
        for line in ("KONG_PG_PASSWORD: replace-me\n", "export KONG_PG_PASSWORD = replace-me\n", ""):
            server = self.server()
            (server.repository / ".env").unlink()
            example = server.repository / ".env.example"
            lines = [one for one in example.read_text().splitlines(True) if not one.startswith("KONG_PG_PASSWORD")]
            example.write_text("".join([line, *lines]))
            self.assertEqual(0, server.run("apply"), server.printed)
            self.assertRegex((server.repository / "data/secrets/kong_pg_password").read_text(), r"^[0-9a-f]{64}$")
            self.assertNotIn("replace-me", (server.repository / ".env").read_text())

    def test_rollback_keeps_env_and_data(self) -> None:
        server = self.applied()
        (server.repository / "data/postgres/PG_VERSION").write_text("17\n")
        before = {path: path.read_bytes() for path in server.repository.rglob("*") if path.is_file()}
        server.run("rollback")
        self.assertEqual(before, {path: path.read_bytes() for path in server.repository.rglob("*") if path.is_file()})
