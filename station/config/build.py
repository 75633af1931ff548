"""From the model to a `Profile`: derived values, paths, and the checks that need more than one key.

Called by `station.config.profile_file`.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from station.config import collisions, connection, hardware, variables
from station.config.context import Context
from station.config.errors import ConfigError
from station.config.model import AuthBlock, CertificatesBlock, CsmsBlock, ExecBlock
from station.config.nodes import MapNode, find
from station.config.profile import (
    AuthConfig,
    CarConfig,
    CertificatesConfig,
    EvseConfig,
    FirmwareConfig,
    MeteringConfig,
    Profile,
    RebootConfig,
    StationConfig,
    TransactionsConfig,
    V2gLeafConfig,
    file_stem,
)
from station.config.urls import is_identifier


def build(context: Context, *, insecure: bool = False, stdio: bool = False) -> Profile:
    """The profile of a validated model.

    Args:
        insecure: `--insecure` was given.
        stdio: `--control stdio` was given.

    Raises:
        ConfigError: with every problem that was found.
    """
    evses = hardware.evses(context)
    station = _station(context, evses)
    store, state = _places(context, station.id)
    model = context.model
    auth = _auth(context, evses)
    collisions.check(context, evses, auth.readers)
    profile = Profile(
        station=station,
        csms=connection.csms(context, insecure),
        certificates=_certificates(context, model.certificates),
        store=store,
        state=state,
        control=replace(connection.control(context), stdio=stdio),
        evses=evses,
        auth=auth,
        transactions=TransactionsConfig(model.transactions.after_power_loss),
        car=_car(context),
        metering=MeteringConfig(
            model.metering.sample,
            model.metering.aligned,
            model.metering.record,
            tuple(model.metering.measurands or ()),
            model.metering.without_meter,
        ),
        firmware=_firmware(context),
        reboot=_reboot(context),
        variables=variables.variables(context),
        short_names=variables.short_names(context),
        base=context.base,
    )
    _check_guard(context, profile)
    if context.problems:
        raise ConfigError(context.problems)
    return profile


def _station(context: Context, evses: tuple[EvseConfig, ...]) -> StationConfig:
    block = context.model.station
    total = block.max_current
    if total is None:
        total = sum(evse.max_current_a for evse in evses)
        context.derived["station.max_current"] = (f"{total:g} A", "the sum of the EVSEs")
    if block.id is None:
        context.derived["station.id"] = (context.default_id, context.id_reason)
    station_id = block.id or context.default_id
    csms = context.model.csms
    versions = csms.versions if isinstance(csms, CsmsBlock) else []
    vendor_limit = 20 if "ocpp1.6" in versions else 50
    limits = (("vendor", block.vendor, vendor_limit), ("model", block.model, 20), ("serial", block.serial, 25))
    for key, text, limit in (*limits, ("firmware", block.firmware, 50)):
        if text is not None and len(text) > limit:
            context.fault(("station", key), f"{len(text)} characters; BootNotification allows {limit}")
    if not is_identifier(station_id):
        context.warn(("station", "id"), "some CSMSs accept only letters, digits and *-_=+|@. in an identity")
    return StationConfig(station_id, block.vendor, block.model, block.serial, block.firmware, total)


def _places(context: Context, station_id: str) -> tuple[Path | None, Path | None]:
    written, stem = context.model.store, file_stem(station_id)
    if written == "memory":
        state = context.optional_file(context.model.state)
        if state is None:
            context.derived["state"] = ("a temporary folder", "the store is in memory")
        return None, state
    if written is None:
        folder, reason = _state_home(context)
        store = folder / f"{stem}.db"
        context.derived["store"] = (str(store), reason)
    else:
        store = context.file(written)
    if context.model.state is not None:
        return store, context.file(context.model.state)
    state = store.with_suffix(".d") if store.suffix == ".db" else store.with_name(f"{store.name}.d")
    context.derived["state"] = (str(state), "beside the store")
    return store, state


def _state_home(context: Context) -> tuple[Path, str]:
    given = context.env.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given), "$STATE_DIRECTORY"
    home = context.env.get("XDG_STATE_HOME", "")
    if home.startswith("/"):
        return Path(home) / "ocpp-station", "$XDG_STATE_HOME"
    user = context.env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises without a user
    return Path(user) / ".local" / "state" / "ocpp-station", "the user's state folder"


def _certificates(context: Context, block: CertificatesBlock) -> CertificatesConfig:
    v2g_leaf = None
    if (leaf := block.v2g_leaf) is not None:
        v2g_leaf = V2gLeafConfig(tuple(map(context.file, leaf.chain)), context.file(leaf.key), leaf.key_password)
    return CertificatesConfig(
        csms=tuple(map(context.file, block.csms)),
        manufacturer=tuple(map(context.file, block.manufacturer)),
        v2g=tuple(map(context.file, block.v2g)),
        mo=tuple(map(context.file, block.mo)),
        v2g_leaf=v2g_leaf,
    )


def _auth(context: Context, evses: tuple[EvseConfig, ...]) -> AuthConfig:
    written = context.model.auth
    block = written if isinstance(written, AuthBlock) else AuthBlock(readers=[])
    if len(set(block.local.allow)) != len(block.local.allow):
        context.fault(("auth", "local", "allow"), "a card stands here twice")
    _check_validators(context, block.validators)
    if block.local.allow and "allow" not in block.validators:
        context.warn(("auth", "local", "allow"), "these cards are not asked for: allow is not among auth.validators")
    return AuthConfig(
        free=written == "free",
        selection=block.selection,
        remote_start_without_evse=block.remote_start_without_evse,
        readers=hardware.readers(context, block.readers, tuple(evse.id for evse in evses)),
        allow=tuple(block.local.allow),
        master_group=block.master_group,
        validators=tuple(block.validators),
        group_card=block.group_card,
        reswipe=block.reswipe,
        after_plug_timeout=block.after_plug_timeout,
    )


def _check_validators(context: Context, names: Sequence[str]) -> None:
    """The order is the owner's, but for what the specification settles."""
    where = ("auth", "validators")
    if len(set(names)) != len(names):
        context.fault(where, "a validator stands here twice")
    if "offline" in names and names[-1] != "offline":
        context.fault(where, "offline has a word on every card, so nobody behind it is asked", "put it last")
    if "cache" in names and "local_list" in names and names.index("cache") < names.index("local_list"):
        context.fault(where, "the local list comes before the cache (OCPP 1.6 §3.5.3)", "put local_list before cache")


def _check_guard(context: Context, profile: Profile) -> None:
    """An unguarded charger is written down, never a default."""
    if context.problems:
        return
    allows = profile.auth.free or (profile.auth.allow and "allow" in profile.auth.validators)
    if profile.csms.mode == "none" and not allows:
        context.fault(
            ("csms",), "without a CSMS nobody may charge here", "add auth: {local: {allow: […]}} or auth: free"
        )
    if profile.csms.mode != "embedded":
        return
    for evse in profile.evses:
        for part in evse.hardware.parts:
            if part.part in ("pilot", "contactor") and not part.simulated:
                _fault_unguarded(context, f"a real {part.part} ({part.driver}) needs csms: {{url: …}} or csms: none")
                return
    if profile.uses_hardware and not isinstance(find(context.root, ("csms",)), MapNode):
        _fault_unguarded(context, "a profile with real hardware needs a csms block, or csms: none")


def _fault_unguarded(context: Context, message: str) -> None:
    hint = "csms: none goes with auth: {local: {allow: […]}} or auth: free"
    context.fault(("csms",) if context.given(("csms",)) else (), message, hint)


def _car(context: Context) -> CarConfig:
    block = context.model.car
    if block is None:
        context.derived["car"] = ("11 kW, never full", "does nothing by itself")
        return CarConfig()
    return CarConfig(
        battery_wh=block.battery,
        soc_percent=block.soc,
        max_power_w=block.max_power,
        phases=block.phases,
        plugged=block.plugged,
        plugs_in_s=block.plugs_in,
        taps=block.taps,
        stays_s=block.stays,
    )


def _firmware(context: Context) -> FirmwareConfig:
    block = context.model.firmware
    installer = context.file(block.installer.exec) if isinstance(block.installer, ExecBlock) else None
    return FirmwareConfig(block.signed == "required", installer, block.takes, block.reboot)


def _reboot(context: Context) -> RebootConfig:
    block = context.model.reboot
    if isinstance(block.real, ExecBlock):
        return RebootConfig(block.takes, True, context.file(block.real.exec))
    return RebootConfig(block.takes, block.real == "yes", None)
