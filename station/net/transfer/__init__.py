"""Files to and from servers that the CSMS names: HTTP(S), FTP(S), SFTP. Called by jobs (``station.host.jobs``)."""
