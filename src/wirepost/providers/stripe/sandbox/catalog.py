"""Products and prices."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox.customers import SEARCH_LAG_S
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import EXPAND, Choice, Fields, Flag, Many, Param, Text
from wirepost.providers.stripe.sandbox.pages import DATED, SEARCHED, created_in, listed, searched
from wirepost.providers.stripe.sandbox.search import fields_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Price, Product


def _products(state: State) -> list[Row]:
    return [_product(state, product) for product in state.world.products]


def _product(state: State, product: Product) -> Row:
    return {
        "id": state.id_of("prod", product.key),
        "object": "product",
        "active": product.is_active,
        "created": epoch(product.created_at),
        "default_price": state.id_of("price", product.prices[0].key),
        "description": product.description,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {"sku": product.sku, "category": product.category},
        "name": product.name,
        "package_dimensions": None,
        "shippable": None if product.category == "clubs" else True,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service" if product.category == "clubs" else "good",
        "unit_label": None,
        "updated": epoch(product.created_at),
        "url": None,
    }


def _prices(state: State) -> list[Row]:
    return [_price(state, product, price) for product in state.world.products for price in product.prices]


def _price(state: State, product: Product, price: Price) -> Row:
    recurring = {
        "interval": price.interval,
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    return {
        "id": state.id_of("price", price.key),
        "object": "price",
        "active": product.is_active,
        "billing_scheme": "per_unit",
        "created": epoch(product.created_at),
        "currency": price.currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": state.id_of("prod", product.key),
        "recurring": recurring if price.interval else None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if price.interval else "one_time",
        "unit_amount": price.amount,
        "unit_amount_decimal": str(price.amount),
    }


def plan_of(price: Row) -> Row:
    """The older name of a recurring price, which subscription items still carry."""
    recurring = price["recurring"] or {}
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring.get("interval"),
        "interval_count": recurring.get("interval_count"),
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def usable_price(state: State, price_id: str, param: str, *, kind: str | None = None) -> Row:
    """A price that may be sold, of one kind (`one_time`, `recurring`) where it matters; or Stripe's error."""
    price = state.named("prices", price_id, param)
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise StripeError(message, param=param)
    if kind not in (None, price["type"]):
        message = (
            f"The price specified is set to `type={price['type']}` but this field only accepts prices with "
            f"`type={kind}`."
        )
        raise StripeError(message, param=param)
    return price


def _list_products(call: Call) -> Row:
    given = call.given
    wanted = {name: given[name] for name in ("active", "shippable", "type") if name in given}
    ids = given.get("ids")
    return listed(
        call,
        "products",
        created_in(given),
        lambda row: all(row[name] == value for name, value in wanted.items()),
        lambda row: ids is None or row["id"] in ids,
        kind="product",
    )


def _list_prices(call: Call) -> Row:
    given = call.given
    wanted = {name: given[name] for name in ("active", "currency", "type", "product") if name in given}
    recurring = given.get("recurring", {})
    return listed(
        call,
        "prices",
        created_in(given),
        lambda row: all(row[name] == value for name, value in wanted.items()),
        lambda row: all((row["recurring"] or {}).get(name) == value for name, value in recurring.items()),
        kind="price",
    )


def _search_products(call: Call) -> Row:
    return searched(
        call, "products", fields_of(string="name description", exact="active shippable"), SEARCH_LAG_S
    )


def _search_prices(call: Call) -> Row:
    return searched(call, "prices", fields_of(exact="active currency product type"), SEARCH_LAG_S)


def _get_product(call: Call) -> Row:
    return call.state.get("products", call.id)


def _get_price(call: Call) -> Row:
    return call.state.get("prices", call.id, param="price")


KINDS = {"products": Kind("product", _products), "prices": Kind("price", _prices)}
_PRODUCT_LIST: dict[str, Param] = {
    **DATED,
    "active": Flag(),
    "ids": Many(Text()),
    "shippable": Flag(),
    "type": Choice("good", "service"),
}
_PRICE_LIST: dict[str, Param] = {
    **DATED,
    "active": Flag(),
    "currency": Text(),
    "product": Text(),
    "recurring": Fields(
        {"interval": Choice("day", "month", "week", "year"), "usage_type": Choice("licensed", "metered")}
    ),
    "type": Choice("one_time", "recurring"),
}
ROUTES = [
    Route("GET", "/v1/products", _list_products, "rak_product_read", _PRODUCT_LIST),
    Route("GET", "/v1/products/search", _search_products, "rak_product_read", SEARCHED, is_search=True),
    Route("GET", "/v1/products/{id}", _get_product, "rak_product_read", {"expand": EXPAND}),
    Route("GET", "/v1/prices", _list_prices, "rak_plan_read", _PRICE_LIST),
    Route("GET", "/v1/prices/search", _search_prices, "rak_plan_read", SEARCHED, is_search=True),
    Route("GET", "/v1/prices/{price}", _get_price, "rak_plan_read", {"expand": EXPAND}),
]
