-- A store of version 1: a station of one EVSE, offline in the middle of a transaction.
PRAGMA application_id = 1329811539;
CREATE TABLE rows (tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;
INSERT INTO rows VALUES ('cache', 'ISO14443:04A1B2C3', '{"status":"Accepted","heard":1}');
INSERT INTO rows VALUES ('clocks', '1', '1767225600.0');
INSERT INTO rows VALUES ('journal', '000000000005', '{"kind":"transaction","fact":{"phase":"Updated","transaction_id":"tx1","seq_no":3,"stamp":{"at_s":120.0,"boot":1},"trigger":"MeterValuePeriodic","evse":1,"connector":1,"charging_state":"Charging","meter_wh":1366.6666666666679,"meter_values":[{"stamp":{"at_s":120.0,"boot":1},"samples":[{"value":1366.6666666666679}]}],"time_spent_charging_s":120,"offline":true}}');
INSERT INTO rows VALUES ('local_list', 'ISO14443:04FFEE11', '{"status":"Accepted"}');
INSERT INTO rows VALUES ('meta', 'boot', '1');
INSERT INTO rows VALUES ('meter', '1', '1427.7777777777792');
INSERT INTO rows VALUES ('security_log', '000000000001', '{"seq":1,"type":"StartupOfTheDevice","utc":"2026-01-01T00:00:00+00:00"}');
INSERT INTO rows VALUES ('transactions', 'tx1', '{"id":"tx1","evse":1,"connector":1,"started":{"at_s":0.0,"boot":1},"seq_no":4,"token":{"value":"04A1B2C3"},"token_told":true,"begin_wh":1000.0,"last_wh":1427.7777777777792,"last":{"at_s":140.0,"boot":1},"charging_s":120.0,"ready":{"at_s":0.0,"boot":1}}');
INSERT INTO rows VALUES ('variables', 'OCPPCommCtrlr.HeartbeatInterval', '"300"');
PRAGMA user_version = 1;
