"""Policies: rules and their bars, the verdicts that measurements lead to, and the one decision that follows."""

from governance.policy.decide import decide, exit_code, judge_all, summarise
from governance.policy.lint import unmeasurable
from governance.policy.loading import load_policy, pack
from governance.policy.lock import LoadedPolicy, lock, locked_policy, policy_digest
from governance.policy.model import Decision, Outcome, Policy, Verdict
from governance.policy.requests import requests
from governance.policy.rules import ExpressionRule, ProvenanceRule, Rule, Severity

__all__ = [
    "Decision",
    "ExpressionRule",
    "LoadedPolicy",
    "Outcome",
    "Policy",
    "ProvenanceRule",
    "Rule",
    "Severity",
    "Verdict",
    "decide",
    "exit_code",
    "judge_all",
    "load_policy",
    "lock",
    "locked_policy",
    "pack",
    "policy_digest",
    "requests",
    "summarise",
    "unmeasurable",
]
