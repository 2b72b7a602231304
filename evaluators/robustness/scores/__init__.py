"""The numbers of the robustness evaluator: under each condition, over severities and conditions, beside AlexNet's."""
