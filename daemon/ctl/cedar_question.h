/* The question of `cedar authorize`: from options, or from a file as Cedar's own command line tool
 * has it: {"principal": "User::\"alice\"", "action": .., "resource": .., "context": {..}}. */
#ifndef CTL_CEDAR_QUESTION_H
#define CTL_CEDAR_QUESTION_H

#include <stdbool.h>

#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "ctl/cedar_work.h"

/* What the command line says. */
struct cedar_question_options {
	const char *uids[3]; /* by AST_PRINCIPAL, AST_ACTION, AST_RESOURCE */
	const char *context;
	const char *request_json;
};

/* False after a message when it does not name one whole question. */
bool cedar_question_complete(const struct cedar_question_options *options);

struct cedar_question {
	struct ast_uid uids[3];
	struct str context_name, context; /* JSON and the file it is from */
};

/* Reads the question of complete options; it lives as long as `work`, and is whole unless there are
 * diagnostics. */
void cedar_question_read(struct cedar_work *work, const struct cedar_question_options *options,
			 struct cedar_question *question);

/* Puts the question to the sealed engine. With a schema the question must be as it says. False
 * after diagnostics. */
bool cedar_question_ask(struct cedar_work *work, const struct cedar_question *question,
			struct cedar_request *request);

#endif
