/* Which columns of a gallery are hidden where it is encrypted (db.h): all that names or describes a person,
 * and the faces. docs/gallery.md says the same for people; encrypt.c converts them. */
#ifndef KAO_GALLERY_HIDDEN_H
#define KAO_GALLERY_HIDDEN_H

#define KAO_AT_NAME        "person.name"
#define KAO_AT_NAME_TAG    "person.name_tag" /* by which a name is looked up */
#define KAO_AT_NOTE        "person.note"
#define KAO_AT_EXTERNAL    "person.external"
#define KAO_AT_MEMBER      "person.member"
#define KAO_AT_SOURCE      "sample.source"
#define KAO_AT_NUMBERS     "vector.numbers" /* part: the model */
#define KAO_AT_CHIP_FORM   "chip.form"
#define KAO_AT_CHIP        "chip.bytes"
#define KAO_AT_DETAIL      "change.detail"
#define KAO_AT_OLD         "edit.old" /* row: the change, part: the step; of texts */
#define KAO_AT_EVENT       "event.text"
#define KAO_AT_EVENT_TRAIL "event.trail"     /* by which it is looked up */
#define KAO_AT_EVENT_MARK  "event_mark.name" /* the same */

#endif
