/* Records: plain immutable refcounted values, and their one JSON codec.
 *
 * A value type is a struct whose first member is PgmRecord, described by a table
 * of fields. From that one table come freeing, the JSON form and the way back
 * with a closed schema: an unknown field, a wrong type or a missing required
 * field is an error of PGM_ERROR_USAGE that names the field by its path
 * ("tables[3].status"). A record is filled in by whoever makes it and never
 * changed after it has been shown to someone else; then any thread may read it.
 */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

typedef struct _PgmRecordType PgmRecordType;

typedef struct
{
  const PgmRecordType *type;
  gatomicrefcount ref_count;
} PgmRecord;

typedef enum
{
  PGM_FIELD_STRING,  /* char *, owned; absent in JSON when NULL */
  PGM_FIELD_INT64,   /* gint64 */
  PGM_FIELD_UINT64,  /* guint64 */
  PGM_FIELD_DOUBLE,  /* double */
  PGM_FIELD_BOOL,    /* gboolean */
  PGM_FIELD_ENUM,    /* int, by @names */
  PGM_FIELD_LSN,     /* PgmLsn, "X/Y" */
  PGM_FIELD_TIME,    /* gint64, microseconds since the epoch, UTC; RFC 3339; absent when 0 */
  PGM_FIELD_STRV,    /* GStrv, owned */
  PGM_FIELD_RECORD,  /* pointer to a record of @record, owned; absent when NULL */
  PGM_FIELD_RECORDS, /* GPtrArray of records of @record, owned; [] when empty */
  PGM_FIELD_SECRET,  /* PgmSecret, owned; read from JSON, written as "********" */
} PgmFieldKind;

typedef enum
{
  PGM_FIELD_REQUIRED = 1 << 0,  /* must be there on the way in */
  PGM_FIELD_OMIT_EMPTY = 1 << 1 /* left out when 0, FALSE, empty */
} PgmFieldFlags;

typedef struct
{
  const char *name; /* in JSON */
  PgmFieldKind kind;
  gsize offset;
  PgmFieldFlags flags;
  const PgmRecordType *record; /* RECORD, RECORDS */
  const char *const *names;    /* ENUM: index is the value; NULL-terminated */
} PgmField;

struct _PgmRecordType
{
  const char *name;
  gsize size;
  const PgmField *fields; /* ends with a NULL name */
};

/* A zeroed record whose RECORDS fields are empty arrays. */
gpointer pgm_record_new (const PgmRecordType *type);
gpointer pgm_record_ref (gpointer record);
void pgm_record_unref (gpointer record);

/* Deep, but for secrets, which are shared: a record that is the caller's to change. */
gpointer pgm_record_copy (gconstpointer record);

/* Transfer full. */
char *pgm_record_to_json (gconstpointer record, gboolean pretty);
gpointer pgm_record_from_json (const PgmRecordType *type,
                               const char *json,
                               gssize length,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with the secrets in it: only for a peer that is to use them, never for a
 * disk (but the file of passwords), a log or an answer. Transfer full. */
PgmSecret *pgm_record_to_secret_json (gconstpointer record);

/* The same for arrays: what is in @records, in its order; a GPtrArray of records
 * of @type that owns them. */
char *pgm_records_to_json (const GPtrArray *records, gboolean pretty);
GPtrArray *pgm_records_from_json (const PgmRecordType *type,
                                  const char *json,
                                  gssize length,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends @text as a JSON string, with its quotes: for JSON that describes records. */
void pgm_json_append_string (GString *json, const char *text);

/* A flat record as the query string of a request ("node=a&database=b"), without what is
 * empty, and back; @query may be NULL. Secrets and whatever isn't plain have no place
 * there. */
char *pgm_record_to_query (gconstpointer record);
gpointer pgm_record_from_query (const PgmRecordType *type,
                                const char *query,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Same JSON. */
gboolean pgm_record_equal (gconstpointer a, gconstpointer b);

G_END_DECLS
