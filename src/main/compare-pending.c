#include "migration/compare.h"

gboolean
pgm_compare_run (const PgmJobSpec *spec,
                 PgmProgress *progress,
                 PgmReport *report,
                 GCancellable *cancellable,
                 GError **error)
{
  pgm_error_set (error, PGM_ERROR_FAILED, "this build has no comparison");
  return FALSE;
}
