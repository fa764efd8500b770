"""What tokens cost: the owner's word, else a kept price list; unknown is None, never zero."""

from __future__ import annotations

from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Price, Usage

#: The price list's names of those vendors that people call otherwise.
_NAMES = {"gemini": "google", "xai": "x-ai", "moonshot": "moonshotai"}


def cost(order: AgentOrder, usage: Usage) -> float | None:
    """US dollars for one run's tokens. The list comes with the library; nothing is downloaded."""
    if order.price is not None:
        return order.price.of(usage)
    if not usage.total:
        return 0.0
    return _listed(order.model, order.provider.vendor if order.provider else "", usage)


def price_of(order: AgentOrder) -> Price | None:
    """What a million tokens of each kind cost now, at the size of an ordinary request."""
    if order.price is not None:
        return order.price
    vendor = order.provider.vendor if order.provider else ""
    kinds = (Usage(input=1000), Usage(output=1000), Usage(cached=1000), Usage(written=1000))
    one = [_listed(order.model, vendor, usage) for usage in kinds]
    if one[0] is None or one[1] is None:
        return None
    cached, written = (None if usd is None else usd * 1000 for usd in one[2:])
    return Price(input=one[0] * 1000, output=one[1] * 1000, cached=cached, written=written)


def _listed(model: str, vendor: str, usage: Usage) -> float | None:
    # Imported late: a command agent needs no prices, and the list takes a tenth of a second.
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=usage.input + usage.cached + usage.written,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.written,
        output_tokens=usage.output,
    )
    name = _NAMES.get(vendor, vendor)
    for provider in (name, None) if name else (None,):
        try:
            found = genai_prices.calc_price(tokens, model_ref=model, provider_id=provider)
        except (LookupError, ValueError):
            continue
        return float(found.total_price)
    return None
