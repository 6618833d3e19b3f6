"""A text as a picture for cameras: the only home of segno."""

from __future__ import annotations

import segno
from markupsafe import Markup

#: Modules of white around it that scanners ask for.
QUIET_ZONE = 4


def picture(text: str, label: str) -> Markup:
    """Inline SVG, black on white in every theme, for text of up to some hundred characters."""
    code = segno.make(text, error="m", micro=False)
    side = code.symbol_size(border=QUIET_ZONE)[0]
    way = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
        for y, row in enumerate(code.matrix)
        for x, dark in enumerate(row)
        if dark
    )
    return Markup(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {side} {side}" '
        'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        '<path d="{}" fill="#000"/></svg>'
    ).format(label, way, side=side)
