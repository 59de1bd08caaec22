"""What is said of data that is to be preserved."""

from typing import Literal

from services.exchange.acts.contents import Content
from services.exchange.drafts import Prose
from shared.protocol.messages import Moment


class Keeping(Content):
    """What becomes of it, until when (Unix seconds; none: as long as the profile says), and why."""

    state: Literal["ordered", "extended", "released", "warning", "refused", "asked"]
    until: Moment | None = None
    text: Prose
