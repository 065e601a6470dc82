#include "migration/apply-types.h"

/* OIDs of PostgreSQL's own types never change (pg_type.dat). */
enum
{
  TYPE_NAME = 19,
  TYPE_INT8 = 20,
  TYPE_INT2 = 21,
  TYPE_INT4 = 23,
  TYPE_TEXT = 25,
  TYPE_FLOAT4 = 700,
  TYPE_FLOAT8 = 701,
  TYPE_VARCHAR = 1043,
  TYPE_TIME = 1083,
  TYPE_TIMESTAMP = 1114,
  TYPE_TIMESTAMPTZ = 1184,
  TYPE_INTERVAL = 1186,
  TYPE_TIMETZ = 1266,
  TYPE_NUMERIC = 1700,
};

#define FIRST_OID_OF_USERS 16384u

/* What is wider and holds the same values, of the same text. */
static const guint32 wider[][2] = {
  { TYPE_INT2, TYPE_INT4 },    { TYPE_INT2, TYPE_INT8 },     { TYPE_INT4, TYPE_INT8 },
  { TYPE_INT2, TYPE_NUMERIC }, { TYPE_INT4, TYPE_NUMERIC },  { TYPE_INT8, TYPE_NUMERIC },
  { TYPE_TEXT, TYPE_VARCHAR }, { TYPE_VARCHAR, TYPE_TEXT },  { TYPE_NAME, TYPE_TEXT },
  { TYPE_NAME, TYPE_VARCHAR }, { TYPE_FLOAT4, TYPE_FLOAT8 },
};

/* numeric's modifier is precision and scale in the two halves of a number, plus
 * 4; a scale can be negative (15+), in eleven bits. */
static int
numeric_scale (gint32 modifier)
{
  return ((((modifier - 4) & 0x7ff) ^ 1024) - 1024);
}

static gboolean
modifier_fits (guint32 type, gint32 source, gint32 destination)
{
  if (destination < 0 || source == destination)
    return TRUE;
  switch (type)
    {
    case TYPE_NUMERIC:
      return source >= 0 && numeric_scale (source) <= numeric_scale (destination);
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
      return destination >= 6 || (source >= 0 && source <= destination);
    case TYPE_INTERVAL:
      return FALSE;
    default:
      /* Lengths: what is too long raises an error. */
      return TRUE;
    }
}

gboolean
pgm_apply_type_fits (guint32 source, gint32 source_modifier, guint32 destination, gint32 modifier)
{
  if (source >= FIRST_OID_OF_USERS || destination >= FIRST_OID_OF_USERS)
    return TRUE;
  if (source == destination)
    return modifier_fits (source, source_modifier, modifier);
  for (guint i = 0; i < G_N_ELEMENTS (wider); i++)
    if (wider[i][0] == source && wider[i][1] == destination)
      return destination != TYPE_NUMERIC || modifier < 0 || numeric_scale (modifier) >= 0;
  return FALSE;
}
