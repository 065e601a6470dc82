#include "model/config.h"

#include "model/descriptor.h"

static const PgmField server_config_fields[] = {
  FIELD (PgmServerConfig, listen, STRV, OMIT_EMPTY),
  FIELD (PgmServerConfig, port, INT64, 0),
  FIELD (PgmServerConfig, tls_certificate, STRING, 0),
  FIELD (PgmServerConfig, tls_key, STRING, 0),
  FIELD (PgmServerConfig, token_file, STRING, 0),
  FIELD (PgmServerConfig, allowed_hosts, STRV, OMIT_EMPTY),
  FIELD (PgmServerConfig, max_connections, INT64, 0),
  FIELD (PgmServerConfig, max_websockets, INT64, 0),
  FIELD (PgmServerConfig, share_files, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_server_config_type = {
  "server configuration",
  sizeof (PgmServerConfig),
  server_config_fields,
};

static const PgmField config_fields[] = {
  FIELD (PgmConfig, copy_workers, INT64, 0),
  FIELD (PgmConfig, index_workers, INT64, 0),
  FIELD (PgmConfig, split_larger_than, UINT64, 0),
  FIELD (PgmConfig, compare_workers, INT64, 0),
  FIELD (PgmConfig, bindir, STRING, 0),
  FIELD (PgmConfig, state_dir, STRING, 0),
  FIELD_RECORD (PgmConfig, server, pgm_server_config_type, 0),
  FIELD (PgmConfig, clusters_file, STRING, 0),
  FIELD (PgmConfig, passwords, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_config_type = { "configuration", sizeof (PgmConfig), config_fields };
