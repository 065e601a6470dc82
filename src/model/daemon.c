#include "model/daemon.h"

#include "model/descriptor.h"

static const PgmField daemon_info_fields[] = {
  FIELD (PgmDaemonInfo, pid, INT64, REQUIRED),
  FIELD (PgmDaemonInfo, version, STRING, REQUIRED),
  FIELD (PgmDaemonInfo, started_at, TIME, REQUIRED),
  FIELD (PgmDaemonInfo, addresses, STRV, 0),
  FIELD (PgmDaemonInfo, state_dir, STRING, 0),
  FIELD (PgmDaemonInfo, log_file, STRING, 0),
  FIELD (PgmDaemonInfo, jobs, INT64, 0),
  FIELD (PgmDaemonInfo, problem, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_daemon_info_type = { "daemon", sizeof (PgmDaemonInfo), daemon_info_fields };
