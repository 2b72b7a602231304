"""Policies: rules and their bars, the verdicts that measurements lead to, and the one decision that follows."""

from governance.policy.decide import decide, exit_code, judge_all, summarise
from governance.policy.lint import unmeasurable
from governance.policy.loading import load_policy, named_policy, pack, packs
from governance.policy.lock import LoadedPolicy, lock, locked_policy, policy_digest
from governance.policy.model import Decision, Outcome, Policy, Verdict
from governance.policy.requests import requests
from governance.policy.rules import ExpressionRule, ProvenanceRule, Rule, Severity
from governance.policy.waivers import load_waivers

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
    "load_waivers",
    "lock",
    "locked_policy",
    "named_policy",
    "pack",
    "packs",
    "policy_digest",
    "requests",
    "summarise",
    "unmeasurable",
]
