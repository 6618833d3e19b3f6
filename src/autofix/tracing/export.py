"""Spans of ours as OpenTelemetry's, sent by OTLP. The only home of opentelemetry."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from autofix import __version__
from autofix.core.traces import Span, span_id, trace_id
from autofix.errors import ChannelError
from autofix.tracing.options import TracingOptions

_NANO = 1_000_000_000


def _whole(endpoint: str) -> str:
    """An endpoint without a path means OTLP's usual one."""
    bare = endpoint.rstrip("/")
    return f"{bare}/v1/traces" if bare.count("/") == 2 else endpoint


class OtlpExporter:
    """Sends traces to one endpoint. `store` names the record, so that its ids are its own."""

    def __init__(self, options: TracingOptions, store: str) -> None:
        headers = {}
        if options.token is not None:
            headers["Authorization"] = f"Bearer {options.token.get_secret_value()}"
        self._exporter = OTLPSpanExporter(
            endpoint=_whole(options.endpoint), headers=headers, timeout=options.timeout
        )
        self._resource = Resource({"service.name": options.service, "service.version": __version__})
        self._scope = InstrumentationScope("autofix", __version__)
        self._store = store

    def export(self, incident: int, spans: Sequence[Span]) -> None:
        """Raises ChannelError when the other side did not take them."""
        found = [self._readable(incident, each) for each in spans]
        try:
            result = self._exporter.export(found)
        except Exception as error:
            raise ChannelError(
                f"the trace of incident {incident} was not taken: {error}"
            ) from error
        if result is not SpanExportResult.SUCCESS:
            raise ChannelError(f"the trace of incident {incident} was not taken")

    def _readable(self, incident: int, span: Span) -> ReadableSpan:
        status = Status(StatusCode.ERROR if span.failed else StatusCode.OK)
        return ReadableSpan(
            name=span.name,
            context=self._context(incident, span.key),
            parent=self._context(incident, span.parent) if span.parent else None,
            resource=self._resource,
            attributes=dict(span.attributes),
            kind=SpanKind.INTERNAL,
            instrumentation_scope=self._scope,
            status=status,
            start_time=int(span.start * _NANO),
            end_time=int(span.end * _NANO),
        )

    def _context(self, incident: int, key: str) -> SpanContext:
        return SpanContext(
            trace_id(self._store, incident),
            span_id(self._store, incident, key),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )

    def close(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
