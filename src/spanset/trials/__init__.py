"""Does a choice train a better model? One model tuned on each choice, and judged by the same.

candidate        rows that were chosen, by name
controls         random rows beside them: as many, and as many supervised tokens
training         a model tuned on some rows, by trl's SFTTrainer
evaluation       what a tuned model is judged by
held_out         losses of answers
multiple_choice  answers to questions by likelihood: question_files and question_forms read them,
                 likelihoods has tokens and log-likelihoods
task_scores      tasks of lm-eval: harness finds and runs them
untouched        a model given back as it was; own_chance: generators of random numbers likewise
trial            every choice, tuned and judged, a cell at a time
differences      what separates a choice from its controls, with an interval
verdict          the same in words
outcome          all of it; trial_results: in numbers alone, kept and read back
trial_table      as a table
"""
