/* Shorthand for tables of fields; not for other rooms. The name in JSON is the
 * name of the member. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

#define FIELD(Type, member, KIND, flags)                                                           \
  {                                                                                                \
#member, PGM_FIELD_##KIND, G_STRUCT_OFFSET(Type, member), flags, NULL, NULL                    \
  }
#define FIELD_ENUM(Type, member, names, flags)                                                     \
  {                                                                                                \
#member, PGM_FIELD_ENUM, G_STRUCT_OFFSET(Type, member), flags, NULL, names                     \
  }
#define FIELD_RECORD(Type, member, type, flags)                                                    \
  {                                                                                                \
#member, PGM_FIELD_RECORD, G_STRUCT_OFFSET(Type, member), flags, &(type), NULL                 \
  }
#define FIELD_RECORDS(Type, member, type, flags)                                                   \
  {                                                                                                \
#member, PGM_FIELD_RECORDS, G_STRUCT_OFFSET(Type, member), flags, &(type), NULL                \
  }
#define FIELD_END                                                                                  \
  {                                                                                                \
    NULL, PGM_FIELD_STRING, 0, 0, NULL, NULL                                                       \
  }

#define REQUIRED   PGM_FIELD_REQUIRED
#define OMIT_EMPTY PGM_FIELD_OMIT_EMPTY

G_END_DECLS
