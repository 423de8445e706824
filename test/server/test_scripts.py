"""The shell around the program, and what holds for every file of it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from kong_ipv6 import plan
from support import TOP

SCRIPTS = TOP / "files" / "scripts"
MODULES = sorted((SCRIPTS / "kong_ipv6").rglob("*.py"))


class Shell(unittest.TestCase):
    def test_through_a_link_and_with_a_blank_in_the_path(self) -> None:
        with tempfile.TemporaryDirectory(prefix="kong-ipv6-") as folder:
            scripts = Path(folder) / "my gateway" / "scripts"
            scripts.mkdir(parents=True)
            (scripts / "kong_ipv6").symlink_to(SCRIPTS / "kong_ipv6")
            for name in ("apply", "verify", "rollback"):
                script = scripts / f"{name}.sh"
                script.write_text((SCRIPTS / f"{name}.sh").read_text())
                (Path(folder) / name).symlink_to(script)
                command = ["/bin/sh", str(Path(folder) / name), "--help"]
                ran = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
                self.assertEqual((0, ""), (ran.returncode, ran.stderr))
                self.assertIn(f"usage: sudo ./scripts/{name}.sh", ran.stdout)

    def test_without_python_it_says_what_to_install(self) -> None:
        with tempfile.TemporaryDirectory(prefix="kong-ipv6-") as folder:
            for name in ("dirname", "readlink"):
                (Path(folder) / name).symlink_to(f"/usr/bin/{name}")
            for name in ("apply", "verify", "rollback"):
                command = ["/bin/sh", str(SCRIPTS / f"{name}.sh")]
                ran = subprocess.run(command, capture_output=True, text=True, env={"PATH": folder}, check=False)
                self.assertEqual(1, ran.returncode)
                self.assertEqual(
                    f"{name}.sh: python3 is not installed\n  Remedy: apt-get install python3 python3-yaml\n", ran.stderr
                )

    def test_they_are_short(self) -> None:
        for path in (*SCRIPTS.glob("*.sh"), *(TOP / "templates/scripts").glob("*.sh.hbs")):
            self.assertLessEqual(len(path.read_text().splitlines()), 40, path.name)
            self.assertTrue(os.access(path, os.R_OK))


class Modules(unittest.TestCase):
    def test_python_3_9_reads_them(self) -> None:
        self.assertTrue(MODULES)
        for path in MODULES:
            ast.parse(path.read_text(), str(path), feature_version=(3, 9))

    def test_modules_and_functions_are_small(self) -> None:
        for path in MODULES:
            text = path.read_text()
            self.assertLessEqual(len(text.splitlines()), 300, path.name)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    self.assertLessEqual((node.end_lineno or 0) - node.lineno + 1, 40, f"{path.name}: {node.name}")

    def test_the_runner_knows_no_resource_by_name(self) -> None:
        text = (SCRIPTS / "kong_ipv6/run.py").read_text()
        imported = re.findall(r"^from \.(resources\S*) import (.*)$", text, re.MULTILINE)
        self.assertLessEqual({module for module, _ in imported}, {"resources", "resources.base"})
        self.assertIn(("resources", "resources"), imported)
        self.assertIsNone(re.search(r"\"(netplan|ndp|ufw|sysctl|docker|compose|network|files)\"", text))

    def test_remedies_call_the_generator_so_that_the_report_can_name_its_version(self) -> None:
        bare = re.compile(r"(?<!npx )create-kong-ipv6 (check|deploy|probe|regenerate)")
        self.assertEqual([], [path.name for path in MODULES if bare.search(path.read_text())])

    def test_only_the_primitives_change_files_of_the_server(self) -> None:
        """The owner's own .env and data, a file in /run, what netplan validates, and the copies of the repository are
        the exceptions."""
        writes = re.compile(
            r"\.(write_text|write_bytes|rename|chmod)\(|os\.(replace|rename)\(|shutil\.(move|rmtree)\(|\.open\(\"[aw]"
        )
        allowed = {"copies.py", "system.py", "journal.py", "secrets.py", "netplan.py", "daemon_json.py"}
        self.assertLessEqual({path.name for path in MODULES if writes.search(path.read_text())}, allowed)


class Examples(unittest.TestCase):
    def test_the_plan_of_each_is_read(self) -> None:
        found = sorted((TOP / "examples").glob("*/repo/scripts/plan.json"))
        self.assertTrue(found)
        for path in found:
            answers = plan.parse(path.read_text())
            self.assertRegex(answers.generator, r"^npx create-kong-ipv6@\d")
            self.assertTrue(plan.inside(answers.kong, answers.subnet), path)
            self.assertTrue(plan.inside(answers.subnet_gateway, answers.subnet), path)
