#include "model/record-private.h"

gpointer
pgm_record_new (const PgmRecordType *type)
{
  PgmRecord *self;

  g_return_val_if_fail (type != NULL && type->size >= sizeof (PgmRecord), NULL);

  self = g_malloc0 (type->size);
  self->type = type;
  g_atomic_ref_count_init (&self->ref_count);
  for (const PgmField *field = type->fields; field->name != NULL; field++)
    if (field->kind == PGM_FIELD_RECORDS)
      PGM_FIELD_AT (self, field, GPtrArray *) = g_ptr_array_new_with_free_func (pgm_record_unref);
  return self;
}

gpointer
pgm_record_ref (gpointer record)
{
  PgmRecord *self = record;

  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return record;
}

static void
clear_field (PgmRecord *self, const PgmField *field)
{
  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      g_free (PGM_FIELD_AT (self, field, char *));
      break;
    case PGM_FIELD_STRV:
      g_strfreev (PGM_FIELD_AT (self, field, GStrv));
      break;
    case PGM_FIELD_RECORD:
      pgm_record_unref (PGM_FIELD_AT (self, field, gpointer));
      break;
    case PGM_FIELD_RECORDS:
      g_clear_pointer (&PGM_FIELD_AT (self, field, GPtrArray *), g_ptr_array_unref);
      break;
    case PGM_FIELD_SECRET:
      pgm_secret_unref (PGM_FIELD_AT (self, field, PgmSecret *));
      break;
    case PGM_FIELD_INT64:
    case PGM_FIELD_UINT64:
    case PGM_FIELD_DOUBLE:
    case PGM_FIELD_BOOL:
    case PGM_FIELD_ENUM:
    case PGM_FIELD_LSN:
    case PGM_FIELD_TIME:
    default:
      break;
    }
}

void
pgm_record_unref (gpointer record)
{
  PgmRecord *self = record;

  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (const PgmField *field = self->type->fields; field->name != NULL; field++)
    clear_field (self, field);
  g_free (self);
}

static GPtrArray *
copy_records (const GPtrArray *records)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (pgm_record_unref);

  for (guint i = 0; i < records->len; i++)
    g_ptr_array_add (copy, pgm_record_copy (g_ptr_array_index (records, i)));
  return copy;
}

/* @copy has the same bytes; what @self owns is made anew. */
static void
copy_field (PgmRecord *copy, const PgmRecord *self, const PgmField *field)
{
  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      PGM_FIELD_AT (copy, field, char *) = g_strdup (PGM_FIELD_GET (self, field, char *));
      break;
    case PGM_FIELD_STRV:
      PGM_FIELD_AT (copy, field, GStrv) = g_strdupv (PGM_FIELD_GET (self, field, GStrv));
      break;
    case PGM_FIELD_RECORD:
      PGM_FIELD_AT (copy, field, gpointer) =
          pgm_record_copy (PGM_FIELD_GET (self, field, gpointer));
      break;
    case PGM_FIELD_RECORDS:
      PGM_FIELD_AT (copy, field, GPtrArray *) =
          copy_records (PGM_FIELD_GET (self, field, GPtrArray *));
      break;
    case PGM_FIELD_SECRET:
      pgm_secret_ref (PGM_FIELD_AT (copy, field, PgmSecret *));
      break;
    case PGM_FIELD_INT64:
    case PGM_FIELD_UINT64:
    case PGM_FIELD_DOUBLE:
    case PGM_FIELD_BOOL:
    case PGM_FIELD_ENUM:
    case PGM_FIELD_LSN:
    case PGM_FIELD_TIME:
    default:
      break;
    }
}

gpointer
pgm_record_copy (gconstpointer record)
{
  const PgmRecord *self = record;
  PgmRecord *copy;

  if (self == NULL)
    return NULL;
  copy = g_memdup2 (self, self->type->size);
  g_atomic_ref_count_init (&copy->ref_count);
  for (const PgmField *field = self->type->fields; field->name != NULL; field++)
    copy_field (copy, self, field);
  return copy;
}

gboolean
pgm_record_equal (gconstpointer a, gconstpointer b)
{
  g_autofree char *json_a = NULL;
  g_autofree char *json_b = NULL;

  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  if (((const PgmRecord *) a)->type != ((const PgmRecord *) b)->type)
    return FALSE;
  json_a = pgm_record_to_json (a, FALSE);
  json_b = pgm_record_to_json (b, FALSE);
  return g_str_equal (json_a, json_b);
}
