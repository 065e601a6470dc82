#include "config.h"

#include "postgres/catalog.h"

#include <stdlib.h>

/* OIDs of PostgreSQL's own types are part of its on-disk contract and never
 * change (src/include/catalog/pg_type.dat). Sorted, for bsearch().
 *
 * Left out on purpose, so that they travel as text:
 * - reg* types: an OID means another object on another server;
 * - xml: its binary form carries an encoding declaration;
 * - interval: 17's infinity is, in binary, a finite value to older servers,
 *   which would take it without a word;
 * - jsonpath, snapshots, vectors of OIDs, record and other pseudo types. */
static const guint32 safe_types[] = {
  16,   /* bool */
  17,   /* bytea */
  18,   /* "char": one raw byte, which text would send through a conversion */
  19,   /* name */
  20,   /* int8 */
  21,   /* int2 */
  23,   /* int4 */
  25,   /* text */
  26,   /* oid: a number; nothing says whose */
  114,  /* json: its text, byte for byte */
  199,  /* json[] */
  600,  /* point */
  601,  /* lseg */
  602,  /* path */
  603,  /* box */
  604,  /* polygon */
  628,  /* line */
  650,  /* cidr */
  651,  /* cidr[] */
  700,  /* float4 */
  701,  /* float8 */
  718,  /* circle */
  774,  /* macaddr8 */
  775,  /* macaddr8[] */
  790,  /* money */
  791,  /* money[] */
  829,  /* macaddr */
  869,  /* inet */
  1000, /* bool[] */
  1001, /* bytea[] */
  1002, /* "char"[] */
  1003, /* name[] */
  1005, /* int2[] */
  1007, /* int4[] */
  1009, /* text[] */
  1014, /* bpchar[] */
  1015, /* varchar[] */
  1016, /* int8[] */
  1017, /* point[] */
  1021, /* float4[] */
  1022, /* float8[] */
  1028, /* oid[] */
  1040, /* macaddr[] */
  1041, /* inet[] */
  1042, /* bpchar */
  1043, /* varchar */
  1082, /* date */
  1083, /* time */
  1114, /* timestamp */
  1115, /* timestamp[] */
  1182, /* date[] */
  1183, /* time[] */
  1184, /* timestamptz */
  1185, /* timestamptz[] */
  1231, /* numeric[] */
  1266, /* timetz */
  1270, /* timetz[] */
  1560, /* bit */
  1561, /* bit[] */
  1562, /* varbit */
  1563, /* varbit[] */
  1700, /* numeric */
  2950, /* uuid */
  2951, /* uuid[] */
  3220, /* pg_lsn */
  3614, /* tsvector */
  3802, /* jsonb */
  3807, /* jsonb[] */
  3904, /* int4range */
  3906, /* numrange */
  3908, /* tsrange */
  3910, /* tstzrange */
  3912, /* daterange */
  3926, /* int8range */
};

static int
compare_oids (gconstpointer key, gconstpointer member)
{
  guint32 a = *(const guint32 *) key;
  guint32 b = *(const guint32 *) member;

  return (a > b) - (a < b);
}

gboolean
pgm_type_is_binary_safe (guint32 type_oid)
{
  return bsearch (&type_oid, safe_types, G_N_ELEMENTS (safe_types), sizeof safe_types[0],
                  compare_oids) != NULL;
}
