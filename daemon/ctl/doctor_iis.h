/* Whether an endpoint of IIS is told to load the plug-in as it must be. */
#ifndef CTL_DOCTOR_IIS_H
#define CTL_DOCTOR_IIS_H

#include "ctl/doctor.h"
#include "ctl/iis.h"

/* Whether that is our plug-in and not another product's: by the name of the file. */
bool doctor_is_ours(const struct iis_plugin *plugin);

/* What an entry says, which loads the file `path`; `beside` is the DLL that was installed with this
 * program. Appends what was seen, to stand behind the place of the entry, and what to do. */
enum doctor_result doctor_judge_entry(const struct iis_plugin *plugin, const char *path,
				      const char *beside, struct doctor_finding *finding);

#endif
