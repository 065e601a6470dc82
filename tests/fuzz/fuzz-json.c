/* The one JSON codec over what a request may hold: the first byte chooses the type.
 * What is understood is written, and read again as the same. */
#include "config.h"

#include "fuzz.h"
#include "model/migration.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const PgmRecordType *const types[] = {
    &pgm_job_spec_type,           &pgm_clone_body_type,
    &pgm_follow_body_type,        &pgm_compare_body_type,
    &pgm_switchover_options_type, &pgm_empty_body_type,
    &pgm_snapshot_type,           &pgm_report_type,
    &pgm_migration_type,
  };
  g_autoptr (GError) error = NULL;
  const PgmRecordType *type;
  gpointer record, again;
  g_autofree char *json = NULL;

  if (size == 0)
    return 0;
  type = types[data[0] % G_N_ELEMENTS (types)];
  record = pgm_record_from_json (type, (const char *) data + 1, (gssize) size - 1, &error);
  g_assert ((record != NULL) == (error == NULL));
  if (record == NULL)
    return 0;
  json = pgm_record_to_json (record, FALSE);
  again = pgm_record_from_json (type, json, -1, &error);
  g_assert_no_error (error);
  pgm_record_unref (again);
  pgm_record_unref (record);
  return 0;
}
