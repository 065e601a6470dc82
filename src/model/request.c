#include "model/request.h"

#include "model/descriptor.h"

const char *const pgm_request_kind_names[] = {
  "pause", "resume", "verify", "switchover", "switchover-back", "cleanup", "switchover-cancel", NULL
};
const char *const pgm_fence_names[] = { "revoke", "readonly", "pgbouncer", "none", NULL };

static const PgmField switchover_options_fields[] = {
  FIELD (PgmSwitchoverOptions, timeout_sec, DOUBLE, OMIT_EMPTY),
  FIELD_ENUM (PgmSwitchoverOptions, fence, pgm_fence_names, OMIT_EMPTY),
  FIELD (PgmSwitchoverOptions, pgbouncer_uri, STRING, OMIT_EMPTY),
  FIELD (PgmSwitchoverOptions, sequence_margin, INT64, OMIT_EMPTY),
  FIELD (PgmSwitchoverOptions, no_reverse, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_switchover_options_type = { "switchover options",
                                                    sizeof (PgmSwitchoverOptions),
                                                    switchover_options_fields };

static const PgmField job_request_fields[] = {
  FIELD_ENUM (PgmJobRequest, kind, pgm_request_kind_names, REQUIRED),
  FIELD (PgmJobRequest, keep_fence, BOOL, OMIT_EMPTY),
  FIELD_RECORD (PgmJobRequest, switchover, pgm_switchover_options_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_job_request_type = { "request", sizeof (PgmJobRequest),
                                             job_request_fields };

static const PgmField answer_fields[] = {
  FIELD (PgmAnswer, ok, BOOL, 0),
  FIELD (PgmAnswer, message, STRING, 0),
  FIELD (PgmAnswer, job_id, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_answer_type = { "answer", sizeof (PgmAnswer), answer_fields };
