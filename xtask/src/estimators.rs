//! `cargo xtask estimators`: what scikit-learn's and the boosters' converters convert, through SQL, held against
//! onnxruntime.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, bail};

use crate::process::Program;
use crate::{project, python, terminal};

const DOCUMENT: &str = "docs/ESTIMATORS.md";

/// The groups of models and how many of each must agree.
const BARS: [(&str, usize); 4] =
    [("scikit-learn", 135), ("scikit-learn, other ways", 46), ("XGBoost", 10), ("LightGBM", 10)];

/// What the numbers above do not show.
const CONVERTERS: &str = "## Where the file is not the library's model

onnxmltools 1.16 converts these to other models than they are; onnxruntime and PredictQL give the numbers of the file. Register the file that the
booster saves itself to have the library's.

- XGBoost: classifiers with `num_parallel_tree` above 1, regressors of several targets, and the objectives `reg:logistic`, `survival:cox` and, of
  regressors, `binary:logistic`, whose scores stay untransformed.
- LightGBM: `multiclassova`, which becomes a softmax; a `sigmoid` other than 1; random forests.

Two classes that have scores of their own (`multi:softprob`, `multiclass`) are predicted as the libraries do, by the larger score. onnxruntime
predicts others: `src/operators/ml/tree_ensemble` has the reason.
";

const AGREES: &str = "agrees";

/// Makes the models, predicts with all of them and prints a table; `--write` keeps it.
pub fn run(words: &[&str]) -> Result<()> {
    let write = match words {
        [] => false,
        ["--write"] => true,
        _ => bail!("`estimators` takes `--write` or nothing"),
    };
    let folder = project::at("target/estimators");
    terminal::heading("training and converting estimators");
    python::script("tests/fixtures", "zoo.py")?.arg(&folder).run()?;
    terminal::heading("predicting with all of them");
    let test = ["test", "--quiet", "--test", "it", "agreement::estimators"];
    let test = Program::new("cargo").args(test).within(&project::root());
    test.env("PREDICTQL_ESTIMATORS", &folder).run()?;

    let report = Report::read(&folder)?;
    report.show();
    if write {
        project::write(&project::at(DOCUMENT), report.document())?;
    }
    report.verdict()
}

struct Model {
    name: String,
    group: String,
    /// Why there is no model.
    reason: String,
    result: String,
}

struct Report {
    models: Vec<Model>,
}

impl Report {
    fn read(folder: &Path) -> Result<Self> {
        let lines = |file: &str| -> Result<Vec<Vec<String>>> {
            let text = String::from_utf8(project::read(&folder.join(file))?)?;
            Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
        };
        let mut results = HashMap::new();
        for line in lines("results.tsv")? {
            let [file, result] = line.try_into().unwrap_or_default();
            results.insert(file, result);
        }
        let models = lines("models.tsv")?.into_iter().map(|line| {
            let [file, name, group, reason] = line.try_into().unwrap_or_default();
            Model { name, group, reason, result: results.remove(&file).unwrap_or_default() }
        });
        Ok(Self { models: models.collect() })
    }

    fn converted(&self, group: &str) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(move |model| model.group == group && model.reason.is_empty())
    }

    fn agree(&self, group: &str) -> usize {
        self.converted(group).filter(|model| model.result == AGREES).count()
    }

    /// For each group: models, how many agree, how many must.
    fn rows(&self) -> Vec<[String; 4]> {
        let row = |(group, bar): &(&str, usize)| {
            [
                (*group).to_owned(),
                self.converted(group).count().to_string(),
                self.agree(group).to_string(),
                bar.to_string(),
            ]
        };
        BARS.iter().map(row).collect()
    }

    /// Models that do not agree, and estimators that nothing converts, with the reasons.
    fn left(&self) -> (Vec<[String; 2]>, Vec<[String; 2]>) {
        let (converted, others): (Vec<&Model>, Vec<&Model>) =
            self.models.iter().partition(|model| model.reason.is_empty());
        let disagree = converted.into_iter().filter(|model| model.result != AGREES);
        (
            disagree.map(|model| [model.name.clone(), model.result.clone()]).collect(),
            others.into_iter().map(|model| [model.name.clone(), model.reason.clone()]).collect(),
        )
    }

    fn show(&self) {
        let (disagree, others) = self.left();
        for (title, rows) in [("models that do not agree", disagree), ("not converted", others)] {
            terminal::heading(title);
            rows.iter().for_each(|[name, reason]| terminal::note(&format!("{name}: {reason}")));
        }
        terminal::table(["library", "converted", "agree", "bar"], &self.rows());
    }

    fn document(&self) -> String {
        let cells = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
        let lines = |rows: Vec<[String; 2]>| rows.iter().map(|row| cells(row)).collect::<String>();
        let (disagree, others) = self.left();
        let names = BARS.iter().map(|(group, _)| {
            let names = self.converted(group).filter(|model| model.result == AGREES);
            let names: Vec<String> = names.map(|model| format!("`{}`", model.name)).collect();
            format!("\n**{group}**: {}\n", names.join(", "))
        });
        format!(
            "# Estimators\n\nWhat skl2onnx and onnxmltools convert, trained on a few rows, run through `ML.PREDICT` and held against\n\
             onnxruntime: labels exactly, scores to 1e-5. `cargo xtask estimators --write` writes this page.\n\n\
             | library | converted | agree | bar |\n|---|---|---|---|\n{}\n## They agree\n{}\n\
             ## They do not\n\n| model | what stands in the way |\n|---|---|\n{}\n\
             ## Nothing converts them\n\n| estimator | what the converter or onnxruntime says |\n|---|---|\n{}\n{CONVERTERS}",
            self.rows().iter().map(|row| cells(row)).collect::<String>(),
            names.collect::<String>(),
            lines(disagree),
            lines(others),
        )
    }

    fn verdict(&self) -> Result<()> {
        let missed: Vec<&str> =
            BARS.iter().filter(|(group, bar)| self.agree(group) < *bar).map(|(group, _)| *group).collect();
        if missed.is_empty() { Ok(()) } else { bail!("fewer models agree than must: {}", missed.join(", ")) }
    }
}
