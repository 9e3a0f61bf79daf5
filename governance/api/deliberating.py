"""What people say before they let a proposal pass: risk flags, the question, comments (G4)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, person_of, rpc_url
from governance.api.proposals import found
from governance.api.serializers import StrictSerializer
from governance.api.writing.view import Act, WriteView
from governance.core.approvals import ApprovalRefusedError
from governance.core.scrutiny import Demand, Flag
from governance.models import Acknowledgement, Comment, User
from governance.services.deliberating.answering import answer
from governance.services.deliberating.gate import still_missing
from governance.services.deliberating.scrutinising import Scrutiny, scrutinise
from governance.services.deliberating.stating import acknowledge, comment
from treasury.core import access


class CommentRequest(StrictSerializer):
    text = serializers.CharField(max_length=2000)


class AcknowledgementRequest(StrictSerializer):
    flag = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class AnswerRequest(StrictSerializer):
    answer = serializers.CharField(max_length=120)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="comment")
    proposal = serializers.CharField(source="proposal.public_id")
    author = serializers.CharField(source="user.username")

    class Meta:
        model = Comment
        fields = ["id", "object", "proposal", "author", "plan_digest", "text", "created_at"]
        read_only_fields = fields


class AcknowledgementSerializer(serializers.ModelSerializer[Acknowledgement]):
    object = serializers.CharField(read_only=True, default="acknowledgement")
    proposal = serializers.CharField(source="proposal.public_id")
    person = serializers.CharField(source="user.username")

    class Meta:
        model = Acknowledgement
        fields = ["object", "proposal", "person", "flag", "reason", "plan_digest", "created_at"]
        read_only_fields = fields


class FlagSerializer(serializers.Serializer[Flag]):
    name = serializers.CharField()
    severity = serializers.ChoiceField(choices=["INFO", "WARN", "CRITICAL"])
    title = serializers.CharField()
    text = serializers.CharField()


class MissingSerializer(serializers.Serializer[Demand]):
    code = serializers.CharField()
    flag = serializers.CharField()
    detail = serializers.CharField(source="text")


class QuestionSerializer(serializers.Serializer[Any]):
    """A CHOICE is answered by one of `choices`, an AMOUNT by a number with `places` decimals."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["AMOUNT", "CHOICE"])
    text = serializers.CharField()
    unit = serializers.CharField()
    places = serializers.IntegerField()
    choices = serializers.ListField(child=serializers.CharField())


class ScrutinySerializer(serializers.Serializer[Any]):
    """Flags at the newest block, this person's question, and what they still have to do before
    their signature or approval is taken."""

    object = serializers.CharField(default="scrutiny")
    proposal = serializers.CharField()
    flags = FlagSerializer(many=True)
    question = QuestionSerializer(allow_null=True)
    missing = MissingSerializer(many=True)


class AnswerSerializer(serializers.Serializer[Any]):
    object = serializers.CharField(default="answer")
    proposal = serializers.CharField()
    question = serializers.CharField()
    is_right = serializers.BooleanField()


class ScrutinyDetail(APIView):
    """What to think about before deciding. A token sees the flags; the question is a person's."""

    required_action = access.PROPOSAL_READ

    @extend_schema(responses=ScrutinySerializer)
    def get(self, request: Request, public_id: str) -> Response:
        scrutiny = _scrutiny(self, request, public_id)
        user = request.user if isinstance(request.user, User) and not request.auth else None
        body = {
            "proposal": public_id,
            "flags": scrutiny.flags,
            "question": scrutiny.question_for(user) if user else None,
            "missing": still_missing(scrutiny, user) if user else (),
        }
        return Response(ScrutinySerializer(body).data)


class Comments(WriteView):
    required_action = access.PROPOSAL_READ
    method_actions = {"POST": access.PROPOSAL_COMMENT}
    body = CommentRequest
    answers = (201, CommentSerializer)

    @extend_schema(responses=CommentSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """Oldest first, at most 200."""
        rows = found(self, request, public_id).comments.select_related("user", "proposal")
        return Response(CommentSerializer(rows.order_by("pk")[:200], many=True).data)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        proposal, user = found(self, request, names["public_id"]), person_of(request)
        actor, block = actor_of(request), now_block()

        def act() -> Response:
            row = comment(
                proposal=proposal, user=user, text=given["text"], actor=actor, block=block
            )
            return Response(CommentSerializer(row).data, status=201)

        return act


class Acknowledgements(WriteView):
    """One risk flag, by its name. A CRITICAL one needs the reason, and a second person."""

    required_action = access.PROPOSAL_COMMENT
    body = AcknowledgementRequest
    answers = (201, AcknowledgementSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        scrutiny, user = _scrutiny(self, request, names["public_id"]), person_of(request)
        actor, block = actor_of(request), now_block()

        def act() -> Response:
            row = acknowledge(
                proposal=scrutiny.dossier.proposal,
                user=user,
                flag=given["flag"],
                reason=given["reason"],
                up=scrutiny.flags,
                actor=actor,
                block=block,
            )
            return Response(AcknowledgementSerializer(row).data, status=201)

        return act


class Answers(WriteView):
    """This person's answer to their question. A wrong one is recorded and may be tried again."""

    required_action = access.PROPOSAL_COMMENT
    body = AnswerRequest
    answers = (201, AnswerSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        scrutiny, user = _scrutiny(self, request, names["public_id"]), person_of(request)
        asked = scrutiny.question_for(user)
        if asked is None:
            raise ApprovalRefusedError("no_question", "this proposal asks no question")
        actor, block = actor_of(request), now_block()

        def act() -> Response:
            row = answer(
                proposal=scrutiny.dossier.proposal,
                user=user,
                asked=asked,
                given=given["answer"],
                actor=actor,
                block=block,
            )
            body = {
                "proposal": names["public_id"],
                "question": row.question,
                "is_right": row.is_right,
            }
            return Response(AnswerSerializer(body).data, status=201)

        return act


def _scrutiny(view: APIView, request: Request, public_id: str) -> Scrutiny:
    proposal = found(view, request, public_id)
    if proposal.plan is None:
        raise ApprovalRefusedError("no_plan", "this proposal has no plan")
    return scrutinise(proposal, block=now_block(), rpc_url=rpc_url())
