"""Shapes of channels and of their messages. The secret is shown by the two answers that make one,
and by no other."""

from __future__ import annotations

from rest_framework import serializers

from governance.adapters.notifiers.registry import NOTIFIERS
from governance.api.serializers import StrictSerializer
from governance.core.telling.topics import SUBSCRIBABLE
from governance.models import Channel, DeliveryTry, Notification

TARGET_CHARACTERS = 500


class ChannelRequest(StrictSerializer):
    """`is_shared`: a channel of the treasury itself, which an administrator makes. Without
    `topics` everything comes: to people what concerns them, to a shared webhook every event."""

    treasury = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(sorted(NOTIFIERS), default="webhook")
    target = serializers.CharField(max_length=TARGET_CHARACTERS)
    topics = serializers.ListField(
        child=serializers.ChoiceField(sorted(SUBSCRIBABLE)),
        max_length=len(SUBSCRIBABLE),
        default=list,
    )
    is_digest = serializers.BooleanField(default=False)
    is_shared = serializers.BooleanField(default=False)


class RotationRequest(StrictSerializer):
    """`is_finished`: the secret before signs no more. Else a new secret, and both sign."""

    is_finished = serializers.BooleanField(default=False)


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="webhook")
    treasury = serializers.CharField(source="treasury.public_id")
    topics = serializers.ListField(child=serializers.CharField())
    is_shared = serializers.SerializerMethodField()
    is_enabled = serializers.SerializerMethodField()
    is_rotating = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields = [
            "id",
            "object",
            "treasury",
            "kind",
            "target",
            "topics",
            "is_digest",
            "is_shared",
            "is_enabled",
            "is_rotating",
            "disabled_at",
            "disabled_reason",
            "failing_since",
            "created_at",
        ]
        read_only_fields = fields

    def get_is_shared(self, channel: Channel) -> bool:
        return channel.user_id is None

    def get_is_enabled(self, channel: Channel) -> bool:
        return channel.disabled_at is None

    def get_is_rotating(self, channel: Channel) -> bool:
        return bool(channel.previous_secret)


class SecretSerializer(ChannelSerializer):
    """With the secret that signs (`whsec_...`), null for kinds that sign nothing. Keep it now."""

    secret = serializers.SerializerMethodField()

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "secret"]
        read_only_fields = fields

    def get_secret(self, channel: Channel) -> str | None:
        return channel.secret or None


class TrySerializer(serializers.ModelSerializer[DeliveryTry]):
    class Meta:
        model = DeliveryTry
        fields = ["tried_at", "is_delivered", "status", "answer", "latency_ms"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Notification]):
    """One message: what was said, and each try with what the other side answered."""

    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="delivery")
    webhook = serializers.CharField(source="channel.public_id")
    state = serializers.CharField(help_text="WAITING, SENT or FAILED.")
    payload = serializers.JSONField()
    tries = serializers.IntegerField()
    log = TrySerializer(source="delivery_tries", many=True)

    class Meta:
        model = Notification
        fields = [
            "id",
            "object",
            "webhook",
            "topic",
            "object_id",
            "subject",
            "body",
            "link",
            "payload",
            "state",
            "tries",
            "next_try_at",
            "sent_at",
            "created_at",
            "log",
        ]
        read_only_fields = fields
