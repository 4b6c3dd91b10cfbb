/* Protocol v2: the Realtime GA protocol, handoffs as function calls; reference 2.2, 2.3, 3, 7.4. */
#include "core/dialect.h"
#include "templates/templates.h"

static const char *const voices[] = {"alloy",   "ash",   "ballad", "coral", "echo", "sage",
                                     "shimmer", "verse", "marin",  "cedar", NULL};

const struct parley_dialect parley_dialect_v2 = {
    .name = "v2",
    .read = parley_events_v2,
    .session_update = &parley_template_wire_v2_session_update,
    .session_update_transcription = &parley_template_wire_v2_session_update_transcription,
    .call_session = &parley_template_wire_v2_call_session,
    .call_session_transcription = &parley_template_wire_v2_call_session_transcription,
    .audio_append = &parley_template_wire_v2_audio_append,
    .user_text = &parley_template_wire_v2_item_user_text,
    .assistant_text = &parley_template_wire_v2_item_assistant_text,
    .agent_message = &parley_template_wire_v2_item_user_text,
    .function_output = &parley_template_wire_v2_function_output,
    .response_create = &parley_template_wire_v2_response_create,
    .response_cancel = &parley_template_wire_v2_response_cancel,
    .item_truncate = &parley_template_wire_v2_item_truncate,
    .item_delete = &parley_template_wire_v2_item_delete,
    .user_prefix = PARLEY_VIEW("[USER] "),
    .agent_prefix = PARLEY_VIEW("[BACKEND] "),
    .agent_label = PARLEY_VIEW("[BACKEND] "),
    .text_modality = true,
    .hears_turns = true,
    .voices = voices,
    .voice_default = 8,
};
