"""Names that profiles may use: connector types and measurands of OCPP 1.6, 2.0.1 and 2.1. Data only."""

from typing import Final

CONNECTOR_TYPES: Final = (
    "cType2", "sType2", "cType1", "sType1", "cCCS1", "cCCS2", "cG105", "cTesla", "cNACS", "cMCS", "cGBT", "cGBT-DC",
    "cChaoJi", "cUltraChaoJi", "cLECCS", "cNACS-CCS1", "cCCS1-NACS", "s309-1P-16A", "s309-1P-32A", "s309-3P-16A",
    "s309-3P-32A", "sBS1361", "sCEE-7-7", "sType3", "wInductive", "wResonant", "Other1PhMax16A", "Other1PhOver16A",
    "Other3Ph", "OppCharge", "Pan", "Undetermined", "Unknown",
)  # fmt: skip

MEASURANDS: Final = (
    "Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage", "SoC", "Current.Offered",
    "Power.Offered", "Temperature", "Frequency", "Power.Factor", "RPM", "Current.Export", "Power.Active.Export",
    "Energy.Active.Export.Register", "Energy.Active.Import.Interval", "Energy.Active.Export.Interval",
    "Energy.Active.Net", "Energy.Reactive.Import.Register", "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Interval", "Energy.Reactive.Export.Interval", "Energy.Reactive.Net",
    "Energy.Apparent.Net", "Energy.Apparent.Import", "Energy.Apparent.Export", "Power.Reactive.Import",
    "Power.Reactive.Export", "Current.Export.Offered", "Current.Export.Minimum", "Current.Import.Offered",
    "Current.Import.Minimum", "Display.PresentSOC", "Display.MinimumSOC", "Display.TargetSOC", "Display.MaximumSOC",
    "Display.RemainingTimeToMinimumSOC", "Display.RemainingTimeToTargetSOC", "Display.RemainingTimeToMaximumSOC",
    "Display.ChargingComplete", "Display.BatteryEnergyCapacity", "Display.InletHot",
    "Energy.Active.Import.CableLoss", "Energy.Active.Import.LocalGeneration.Register",
    "Energy.Active.Setpoint.Interval", "EnergyRequest.Target", "EnergyRequest.Minimum", "EnergyRequest.Maximum",
    "EnergyRequest.Minimum.V2X", "EnergyRequest.Maximum.V2X", "EnergyRequest.Bulk", "Power.Active.Setpoint",
    "Power.Active.Residual", "Power.Export.Minimum", "Power.Export.Offered", "Power.Import.Offered",
    "Power.Import.Minimum", "Voltage.Minimum", "Voltage.Maximum",
)  # fmt: skip
