"""`manage.py decide --input FILE.json`: what the engine decides on data of your own, and why."""

from __future__ import annotations

from decimal import DecimalException
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from treasury.core.canonical import canonical_bytes
from treasury.core.decision_documents import decision_document, parse_inputs
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import RevivalError
from treasury.engine.decision import decide
from treasury.management.files import bad_input, read_document, write_document


class Command(BaseCommand):
    help = (
        "Decides on a document: stored inputs, or the form of docs/schemas/"
        "decide.input.schema.json. Needs no database. Exit 0: a decision, also to do nothing; "
        "2: bad input."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--input", required=True, metavar="FILE.json")
        parser.add_argument("--output", default="-", metavar="FILE", help="- for standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        source = options["input"]
        try:
            inputs = parse_inputs(read_document(source))
            decision = decide(inputs)
        except RevivalError as error:
            raise bad_input(f"{source}: {error}") from error
        except DecimalException as error:
            raise bad_input(
                f"{source}: (document): numbers too far apart to compute with exactly "
                f"({type(error).__name__}); check units, decimals and prices"
            ) from error
        if policy_hash(inputs.policy) != inputs.policy_hash:
            self.stderr.write(
                f"{source}: /policy_hash: is not the hash of /policy; "
                "decided by the policy as written"
            )
        document = decision_document(inputs=inputs, decision=decision)
        text = canonical_bytes(document).decode() + "\n"
        if options["output"] == "-":
            self.stdout.write(text, ending="")
        else:
            write_document(options["output"], text)
