#include "engine/asks.h"

static gpointer
read_config (PgmStore *store,
             const char *id,
             gpointer request,
             GCancellable *cancellable,
             GError **error)
{
  return pgm_record_ref (pgm_store_get_config (store));
}

static const PgmAnswerFunc answers[PGM_ASK_COUNT] = {
  [PGM_ASK_READ_CONFIG] = read_config,
};

PgmAnswerFunc
pgm_asks_get (PgmAsk ask)
{
  return answers[ask];
}
