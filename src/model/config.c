#include "model/config.h"

#include "model/descriptor.h"

static const PgmField config_fields[] = {
  FIELD (PgmConfig, copy_workers, INT64, 0),
  FIELD (PgmConfig, index_workers, INT64, 0),
  FIELD (PgmConfig, split_larger_than, UINT64, 0),
  FIELD (PgmConfig, compare_workers, INT64, 0),
  FIELD (PgmConfig, bindir, STRING, 0),
  FIELD (PgmConfig, state_dir, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_config_type = { "configuration", sizeof (PgmConfig), config_fields };
