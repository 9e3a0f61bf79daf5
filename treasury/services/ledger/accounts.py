"""The chart of accounts, made as entries need it. A code is given once and stays."""

from __future__ import annotations

from treasury.core.journal import AccountKey, AccountKind
from treasury.models import Account, Asset, SafeAccount, TierAsset, Treasury

CODES: dict[AccountKind, str] = {
    AccountKind.DIGITAL_ASSET: "Assets:Digital",
    AccountKind.GAS_TANK: "Assets:GasTank",
    AccountKind.SUSPENSE: "Assets:Suspense",
    AccountKind.EQUITY_OPENING: "Equity:Opening",
    AccountKind.EQUITY_CONTRIBUTIONS: "Equity:Contributions",
    AccountKind.INCOME_REALISED_GAINS: "Income:RealisedGains",
    AccountKind.INCOME_YIELD: "Income:Yield",
    AccountKind.EXPENSE_REALISED_LOSSES: "Expenses:RealisedLosses",
    AccountKind.EXPENSE_GAS: "Expenses:Gas",
    AccountKind.EXPENSE_GAS_FAILED: "Expenses:GasOnFailedTransactions",
    AccountKind.EXPENSE_SWAP_COSTS: "Expenses:SwapCosts",
}


class BookedAccounts:
    """Accounts of one treasury, to be used under the lock of its books."""

    def __init__(self, treasury: Treasury) -> None:
        self._treasury = treasury
        self._known: dict[AccountKey, Account] = {}
        self._assets: dict[str, Asset] = {}

    def account(self, key: AccountKey) -> Account:
        if key not in self._known:
            asset = None if key.asset is None else self.asset(key.asset)
            found = Account.objects.filter(
                treasury=self._treasury, kind=key.kind, holder=key.holder or "", asset=asset
            ).first()
            self._known[key] = found or Account.objects.create(
                treasury=self._treasury,
                code=self._free_code(key, asset),
                kind=key.kind,
                holder=key.holder or "",
                asset=asset,
            )
        return self._known[key]

    def asset(self, address: str) -> Asset:
        if address not in self._assets:
            self._assets[address] = Asset.objects.get(treasury=self._treasury, address=address)
        return self._assets[address]

    def _free_code(self, key: AccountKey, asset: Asset | None) -> str:
        """`Assets:Digital:core:WETH`. Symbols and names are not unique, so a code that another
        account has already is told apart by the addresses."""
        parts = [CODES[key.kind]]
        if key.kind is AccountKind.DIGITAL_ASSET:
            parts.append(self._owner(key, asset))
        if asset is not None:
            parts.append(asset.symbol)
        code = ":".join(parts)
        if Account.objects.filter(treasury=self._treasury, code=code).exists():
            code = f"{code}:{key.holder}:{key.asset}"
        return code

    def _owner(self, key: AccountKey, asset: Asset | None) -> str:
        """The tier that owns the pair (Safe, asset), else the Safe, else the bare address."""
        owner = TierAsset.objects.filter(
            safe__treasury=self._treasury, safe__address=key.holder, asset=asset
        ).select_related("tier")
        for row in owner:
            return row.tier.name
        safe = SafeAccount.objects.filter(treasury=self._treasury, address=key.holder or "").first()
        return safe.name if safe is not None else str(key.holder)
