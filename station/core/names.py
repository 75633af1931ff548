"""The variables that the core itself reads, by name."""

from __future__ import annotations

from station.core.device_model import Address


def _variable(text: str) -> Address:
    return Address.parse(text)[0]


HEARTBEAT_INTERVAL = _variable("OCPPCommCtrlr.HeartbeatInterval")
ALLOW_NEW_SESSIONS = _variable("ChargingStation.AllowNewSessionsPendingFirmwareUpdate")
FIRMWARE_VERSION = _variable("ChargingStation.FirmwareVersion")
OFFLINE_THRESHOLD = _variable("OCPPCommCtrlr.OfflineThreshold")

EV_CONNECTION_TIMEOUT = _variable("TxCtrlr.EVConnectionTimeOut")
STOP_ON_EV_SIDE_DISCONNECT = _variable("TxCtrlr.StopTxOnEVSideDisconnect")
STOP_ON_INVALID_ID = _variable("TxCtrlr.StopTxOnInvalidId")
MAX_ENERGY_ON_INVALID_ID = _variable("TxCtrlr.MaxEnergyOnInvalidId")
TX_BEFORE_ACCEPTED = _variable("TxCtrlr.TxBeforeAcceptedEnabled")
TX_START_POINT = _variable("TxCtrlr.TxStartPoint")
TX_STOP_POINT = _variable("TxCtrlr.TxStopPoint")
UNLOCK_ON_EV_SIDE_DISCONNECT = _variable("OCPPCommCtrlr.UnlockOnEVSideDisconnect")

AUTH_ENABLED = _variable("AuthCtrlr.Enabled")
AUTHORIZE_REMOTE_START = _variable("AuthCtrlr.AuthorizeRemoteStart")
LOCAL_AUTHORIZE_OFFLINE = _variable("AuthCtrlr.LocalAuthorizeOffline")
LOCAL_PRE_AUTHORIZE = _variable("AuthCtrlr.LocalPreAuthorize")
DISABLE_REMOTE_AUTHORIZATION = _variable("AuthCtrlr.DisableRemoteAuthorization")
OFFLINE_TX_FOR_UNKNOWN = _variable("AuthCtrlr.OfflineTxForUnknownIdEnabled")
MASTER_PASS_GROUP = _variable("AuthCtrlr.MasterPassGroupId")
CACHE_ENABLED = _variable("AuthCacheCtrlr.Enabled")
CACHE_DISABLE_POST_AUTHORIZE = _variable("AuthCacheCtrlr.DisablePostAuthorize")
CACHE_LIFE_TIME = _variable("AuthCacheCtrlr.LifeTime")
LOCAL_LIST_DISABLE_POST_AUTHORIZE = _variable("LocalAuthListCtrlr.DisablePostAuthorize")
LOCAL_LIST_ENABLED = _variable("LocalAuthListCtrlr.Enabled")
LOCAL_LIST_ENTRIES = _variable("LocalAuthListCtrlr.Entries")
LOCAL_LIST_ITEMS = _variable("LocalAuthListCtrlr.ItemsPerMessage")

RESERVATION_ENABLED = _variable("ReservationCtrlr.Enabled")
RESERVATION_NON_EVSE = _variable("ReservationCtrlr.NonEvseSpecific")

SAMPLED_ENABLED = _variable("SampledDataCtrlr.Enabled")
SAMPLED_STARTED_MEASURANDS = _variable("SampledDataCtrlr.TxStartedMeasurands")
SAMPLED_UPDATED_MEASURANDS = _variable("SampledDataCtrlr.TxUpdatedMeasurands")
SAMPLED_UPDATED_INTERVAL = _variable("SampledDataCtrlr.TxUpdatedInterval")
SAMPLED_ENDED_MEASURANDS = _variable("SampledDataCtrlr.TxEndedMeasurands")
SAMPLED_SIGN = _variable("SampledDataCtrlr.SignReadings")
SAMPLED_SIGN_STARTED = _variable("SampledDataCtrlr.SignStartedReadings")
SAMPLED_SIGN_UPDATED = _variable("SampledDataCtrlr.SignUpdatedReadings")
SAMPLED_ENDED_INTERVAL = _variable("SampledDataCtrlr.TxEndedInterval")
ENDED_MAX_VALUES = _variable("SampledDataCtrlr.TxEndedMaxMeterValues")
COST_MESSAGES = _variable("CustomizationCtrlr.CustomImplementationEnabled[org.openchargealliance.costmsg]")
COST_DECIMALS = _variable("TariffCostCtrlr.NumberOfDecimalsForCostValues")
USER_PRICE_WAIT_MS = _variable("TariffCostCtrlr.WaitForUserPriceTimeout")
IDLE_FEE_AFTER_STOP = _variable("TariffCostCtrlr.IdleFeeAfterStop")

PNC_ENABLED = _variable("ISO15118Ctrlr.PnCEnabled")
CENTRAL_CONTRACT_VALIDATION = _variable("ISO15118Ctrlr.CentralContractValidationAllowed")
CONTRACT_VALIDATION_OFFLINE = _variable("ISO15118Ctrlr.ContractValidationOffline")

ALIGNED_ENABLED = _variable("AlignedDataCtrlr.Enabled")
ALIGNED_INTERVAL = _variable("AlignedDataCtrlr.Interval")
ALIGNED_MEASURANDS = _variable("AlignedDataCtrlr.Measurands")
ALIGNED_ENDED_INTERVAL = _variable("AlignedDataCtrlr.TxEndedInterval")
ALIGNED_ENDED_MEASURANDS = _variable("AlignedDataCtrlr.TxEndedMeasurands")
ALIGNED_SIGN = _variable("AlignedDataCtrlr.SignReadings")
ALIGNED_SIGN_UPDATED = _variable("AlignedDataCtrlr.SignUpdatedReadings")
ALIGNED_DURING_IDLE = _variable("AlignedDataCtrlr.SendDuringIdle")

SMART_CHARGING_ENABLED = _variable("SmartChargingCtrlr.Enabled")
CHARGING_PROFILE_ENTRIES = _variable("SmartChargingCtrlr.Entries[ChargingProfiles]")
LIMIT_CHANGE_SIGNIFICANCE = _variable("SmartChargingCtrlr.LimitChangeSignificance")
PERIODS_PER_SCHEDULE = _variable("SmartChargingCtrlr.PeriodsPerSchedule")
PROFILE_STACK_LEVEL = _variable("SmartChargingCtrlr.ProfileStackLevel")
RATE_UNIT = _variable("SmartChargingCtrlr.RateUnit")
