// The package's worker, whose helpers stop at the first function that they call by way of the table.

import "./stop.js";
import "/pkg/worker.js";
