// The package's worker, where no other one starts.

import "./alone.js";
import "/pkg/worker.js";
