/* Protocol v1: handoffs as events of their own, audio only; reference 2.1, 3, 7.4. */
#include "core/dialect.h"
#include "templates/templates.h"

static const char *const voices[] = {"juniper", "maple", "spruce", "ember", "vale",
                                     "breeze",  "arbor", "sol",    "cove",  NULL};

const struct parley_dialect parley_dialect_v1 = {
    .name = "v1",
    .read = parley_events_v1,
    .session_update = &parley_template_wire_v1_session_update,
    .call_session = &parley_template_wire_v1_call_session,
    .audio_append = &parley_template_wire_v1_audio_append,
    .user_text = &parley_template_wire_v1_item_user_text,
    .assistant_text = &parley_template_wire_v1_item_assistant_text,
    .agent_message = &parley_template_wire_v1_handoff_append,
    .agent_label = PARLEY_VIEW("\"Agent Final Message\":\n\n"),
    .intent = PARLEY_VIEW("quicksilver"),
    .voices = voices,
    .voice_default = 8,
};
