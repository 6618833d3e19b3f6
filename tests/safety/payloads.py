"""Texts that would run something if anybody took them for more than text.

`C` stands for the path of a canary file that a successful attack makes.
"""

from __future__ import annotations

PAYLOADS = (
    # Jinja, as Ansible renders it.
    "{{ lookup('pipe', 'touch C') }}",
    "{{ lookup('ansible.builtin.pipe', 'touch C') }}",
    "{{ query('pipe', 'touch C') }}",
    "{{ q('lines', 'touch C') }}",
    "{{lookup('pipe','touch C')}}",
    "{{- lookup('pipe', 'touch C') -}}",
    "x{{ lookup('pipe', 'touch C') }}y",
    "{% set x = lookup('pipe', 'touch C') %}",
    "{% if lookup('pipe', 'touch C') %}{% endif %}",
    "{% for x in q('lines', 'touch C') %}{{ x }}{% endfor %}",
    "{% endraw %}{{ lookup('pipe', 'touch C') }}{% raw %}",
    "}}{{ lookup('pipe', 'touch C') }}{{",
    "' }}{{ lookup('pipe', 'touch C') }}{{ '",
    '" }}{{ lookup("pipe", "touch C") }}{{ "',
    "') }}{{ lookup('pipe', 'touch C') }}{{ ('",
    "{{ '{{' }} lookup('pipe', 'touch C') {{ '}}' }}",
    "{{ cycler.__init__.__globals__.os.system('touch C') }}",
    "{{ lipsum.__globals__['os'].system('touch C') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ lookup('pipe', 'touch C') }}",
    "#jinja2: variable_start_string:'[['\n[[ lookup('pipe', 'touch C') ]]",
    "[[ lookup('pipe', 'touch C') ]]",
    "{{ lookup('template', 'C') }}{{ lookup('pipe', 'touch C') | default('') }}",
    "lookup('pipe', 'touch C')",
    "\ufeff{{ lookup('pipe', 'touch C') }}",
    "｛｛ lookup('pipe', 'touch C') ｝｝",
    "{{ lookup('pipe', 'touch C') }}\n---\n- hosts: all\n",
    # YAML, JSON and Ansible's own encodings.
    "!!python/object/apply:os.system ['touch C']",
    "!unsafe {{ lookup('pipe', 'touch C') }}",
    "{\"__ansible_unsafe\": \"{{ lookup('pipe', 'touch C') }}\"}",
    "{\"__ansible_vault\": \"{{ lookup('pipe', 'touch C') }}\"}",
    '{"__ansible_type": "TrustedAsTemplate", "value": "{{ lookup(\'pipe\', \'touch C\') }}"}',
    '"}, "x": "{{ lookup(\'pipe\', \'touch C\') }}", "y": {"z": "',
    '"}}\n{"event_json": "{{ lookup(\'pipe\', \'touch C\') }}"}',
    "{\"a\": \"{{ lookup('pipe', 'touch C') }}\",}",
    "x: &a !unsafe\n- {{ lookup('pipe', 'touch C') }}\n*a",
    "$ANSIBLE_VAULT;1.1;AES256\n{{ lookup('pipe', 'touch C') }}",
    # Shells.
    "$(touch C)",
    "`touch C`",
    "; touch C",
    "&& touch C",
    "| touch C",
    "|| touch C #",
    "\ntouch C\n",
    "'; touch C; '",
    '"; touch C; "',
    "$(touch${IFS}C)",
    "x' $(touch C) '",
    # Arguments and patterns.
    "-oProxyCommand=touch C",
    "--to-command=touch C",
    "@C",
    "all:!web2",
    "ansible_connection=local ansible_shell_executable='touch C'",
    "../../../../../../C",
)
