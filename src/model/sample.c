#include "model/sample.h"

#include "model/descriptor.h"

static const PgmField sample_spec_fields[] = {
  FIELD (PgmSampleSpec, orders, INT64, OMIT_EMPTY),
  FIELD (PgmSampleSpec, source_major, INT64, OMIT_EMPTY),
  FIELD (PgmSampleSpec, destination_major, INT64, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_sample_spec_type = { "sample spec", sizeof (PgmSampleSpec),
                                             sample_spec_fields };

static const PgmField sample_fields[] = {
  FIELD (PgmSample, id, STRING, REQUIRED),
  FIELD (PgmSample, directory, STRING, 0),
  FIELD (PgmSample, source_uri, STRING, REQUIRED),
  FIELD (PgmSample, destination_uri, STRING, REQUIRED),
  FIELD (PgmSample, source_version, STRING, 0),
  FIELD (PgmSample, destination_version, STRING, 0),
  FIELD_END,
};

static const PgmField sample_activity_fields[] = {
  FIELD (PgmSampleActivity, writers, INT64, 0),
  FIELD (PgmSampleActivity, source_orders, UINT64, 0),
  FIELD (PgmSampleActivity, destination_orders, UINT64, 0),
  FIELD (PgmSampleActivity, longest_gap_ms, DOUBLE, 0),
  FIELD (PgmSampleActivity, refused, UINT64, 0),
  FIELD_END,
};

const PgmRecordType pgm_sample_activity_type = { "sample activity", sizeof (PgmSampleActivity),
                                                 sample_activity_fields };

const PgmRecordType pgm_sample_type = { "sample", sizeof (PgmSample), sample_fields };
