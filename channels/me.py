"""Who a principal is, as it is told to itself."""

from channels.views import Names
from channels.wire import MeView
from services.principals import Principal


async def me_view(principal: Principal, names: Names, *, demo: bool) -> MeView:
    if principal.merchant:
        await names.learn_merchants([principal.merchant])
    return MeView(
        principal=principal.id,
        kind=principal.kind.value,
        name=principal.name,
        account=principal.account,
        merchant=principal.merchant,
        merchant_name=names.merchant(principal.merchant) if principal.merchant else None,
        scopes=sorted(principal.scopes),
        demo=demo,
    )
