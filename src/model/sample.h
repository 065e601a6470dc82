/* The sample: throw-away clusters to try the suite on. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

typedef struct
{
  PgmRecord record;
  gint64 orders;            /* size of the sample: rows in its largest table; 0: default */
  gint64 source_major;      /* 0: the newest installed */
  gint64 destination_major; /* 0: the newest installed */
} PgmSampleSpec;

typedef struct
{
  PgmRecord record;
  char *id;
  char *directory;
  char *source_uri;
  char *destination_uri;
  char *source_version;
  char *destination_version;
} PgmSample;

/* What the sample's writers have done. */
typedef struct
{
  PgmRecord record;
  gint64 writers;
  guint64 source_orders; /* acknowledged by each side */
  guint64 destination_orders;
  double longest_gap_ms; /* between two orders of one writer */
  guint64 refused;       /* times that a writer was shut out */
} PgmSampleActivity;

extern const PgmRecordType pgm_sample_activity_type;
extern const PgmRecordType pgm_sample_spec_type;
extern const PgmRecordType pgm_sample_type;

G_END_DECLS
