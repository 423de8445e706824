/**
 * One host after the other. Everything is unpacked beside the repository first, so that check mode can
 * show the plan of what is not there yet. Only modules of ansible-core 2.14 are used.
 */
export const PLAYBOOK = `# Brings every host of the fleet to the state that hosts/ describes, one after the other. It stops at
# the first host that fails, and that host reverts its change.
#
#   ansible-playbook playbook.yml --check           prints each host's plan, and changes nothing
#   ansible-playbook playbook.yml --ask-become-pass if sudo asks for a password
#   ansible-playbook playbook.yml --limit NAME      one host only
#   ansible-playbook playbook.yml --tags rollback --limit NAME
#                                                   undoes everything on a host, before it is removed
- name: Apply
  hosts: data_planes
  order: inventory
  serial: 1
  any_errors_fatal: true
  gather_facts: false
  become: true
  vars:
    repository: "{{ playbook_dir }}/hosts/{{ inventory_hostname }}"
    here: "{{ inventory_hostname }}"
  tasks:
    - name: Look for conflicts that are not resolved
      ansible.builtin.find:
        paths: "{{ repository }}"
        patterns: "*.new"
        recurse: true
        hidden: true
      register: conflicts
      delegate_to: localhost
      become: false

    - name: Look for the key of the cluster, which git ignores
      ansible.builtin.stat:
        path: "{{ playbook_dir }}/cluster/cluster.key"
      register: key
      delegate_to: localhost
      become: false

    - name: Refuse both
      ansible.builtin.assert:
        that: "{{ item.that }}"
        quiet: true
        fail_msg: "{{ item.message }}"
      loop:
        - what: conflicts
          that: "{{ conflicts.files | length == 0 }}"
          message: "{{ here }} has files in conflict; {{ create_kong_ipv6 }} check lists them"
        - what: a missing key
          that: "{{ key.stat.exists }}"
          message: cluster/cluster.key is missing; copy it from where the fleet was made
      loop_control:
        label: "{{ item.what }}"

    - name: Copy, apply, test, confirm
      block:
        - name: Make a file to pack into
          ansible.builtin.tempfile:
            suffix: .tar
          register: packed
          delegate_to: localhost
          become: false
          check_mode: false
          changed_when: false

        # cluster/ lies in the fleet's directory once, and goes to every host.
        - name: Pack the repository
          ansible.builtin.command:
            argv:
              - tar
              - --create
              - "--file={{ packed.path }}"
              - --exclude=.kong-ipv6.tmp
              - --exclude=.kong-ipv6.undo
              - --exclude=.git
              - "--directory={{ playbook_dir }}"
              - cluster/cluster.crt
              - cluster/cluster.key
              - "--directory={{ repository }}"
              - .
          delegate_to: localhost
          become: false
          check_mode: false
          changed_when: false
          no_log: true

        - name: Make an empty directory beside the repository
          ansible.builtin.file:
            path: "{{ kong_path }}.new"
            state: "{{ item }}"
            mode: "0700"
          loop: [absent, directory]
          check_mode: false
          changed_when: false

        - name: Unpack there
          ansible.builtin.unarchive:
            src: "{{ packed.path }}"
            dest: "{{ kong_path }}.new"
            owner: root
            group: root
          check_mode: false
          changed_when: false
          no_log: true

        # .env stays as it is on the server where this copy has none, as in a clone. The line that apply.sh
        # adds for Docker 27 stays too.
        - name: Compare
          ansible.builtin.shell:
            cmd: |
              set -eu
              new={{ kong_path | quote }}.new path={{ kong_path | quote }}
              [ ! -e "$path/.env" ] || [ -e "$new/.env" ] || cp -p "$path/.env" "$new/.env"
              if [ -e "$path/.env" ] && ! grep -q '^KONG_PUBLISH_IPV6=' "$new/.env"; then
                grep -B2 '^KONG_PUBLISH_IPV6=' "$path/.env" >>"$new/.env" || true
              fi
              find "$new" \\( -path "$new/cluster/*" -o -path "$new/.env" \\) -type f -exec chmod 600 {} +
              chmod 755 "$new"
              if [ -d "$path" ]; then
                LC_ALL=C diff -rq --no-dereference "$new" "$path" | grep -v "^Only in $path[:/]" || true
              else
                echo "$path will be created"
              fi
          register: differences
          check_mode: false
          changed_when: ansible_check_mode and differences.stdout != ''

        # The files of the last run that this one lacks: host/ must not keep them.
        - name: List what is no longer generated
          ansible.builtin.command:
            argv:
              - python3
              - -c
              - |
                import json, os, sys
                new, path = (os.path.join(one, ".kong-ipv6.json") for one in sys.argv[1:])
                old = json.load(open(path))["files"] if os.path.exists(path) else {}
                now = json.load(open(new))["files"]
                for name in old:
                    if name not in now and ".." not in name.split("/") and not name.startswith("/"):
                        if not os.path.lexists(os.path.join(sys.argv[1], name)):
                            print(name)
              - "{{ kong_path }}.new"
              - "{{ kong_path }}"
          register: gone
          check_mode: false
          changed_when: false

        # In a mount namespace of its own the new files lie over the old ones.
        - name: Plan
          ansible.builtin.command:
            argv: "{{ ['unshare', '--mount', 'sh', '-euc', preview, 'sh', kong_path] + gone.stdout_lines }}"
          vars:
            preview: |
              path=$1 new=$1.new work=$1.work
              shift
              mkdir -p "$work"
              cd /
              if [ -d "$path" ] && mount -t overlay -o "lowerdir=$path,upperdir=$new,workdir=$work" overlay "$path" 2>/dev/null
              then cd "$path" && rm -f -- "$@"
              else cd "$new"
              fi
              exec ./scripts/apply.sh --dry-run --confirm-within {{ confirm_within }}
          register: plan
          when: ansible_check_mode
          check_mode: false
          changed_when: plan.rc == 4
          failed_when: plan.rc not in [0, 4]

        - name: Show the plan
          ansible.builtin.debug:
            var: plan.stdout_lines
          when: ansible_check_mode

        - name: Install the files
          ansible.builtin.shell:
            cmd: |
              set -eu
              mkdir -p {{ kong_path | quote }}
              cd {{ kong_path | quote }}
              {% for name in gone.stdout_lines %}
              rm -f -- {{ name | quote }}
              {% endfor %}
              cp -a --remove-destination {{ kong_path | quote }}.new/. .
          when:
            - not ansible_check_mode
            - differences.stdout != '' or gone.stdout != ''

        - name: Apply
          ansible.builtin.command:
            chdir: "{{ kong_path }}"
            argv:
              - ./scripts/apply.sh
              - --json
              - --confirm-within
              - "{{ confirm_within }}"
          register: applied
          when: not ansible_check_mode
          changed_when: (applied.stdout_lines | last | from_json).outcome != 'unchanged'

        - name: Connect again
          ansible.builtin.meta: reset_connection

        - name: Test from here
          ansible.builtin.command:
            cmd: "{{ create_kong_ipv6 }} probe {{ repository | quote }} --json"
          register: probe
          when: applied is changed
          delegate_to: localhost
          become: false
          changed_when: false
          # DNS records and certificates do not count: they may come later.
          failed_when: (probe.stdout | from_json).results | selectattr('ok', 'equalto', false) | list | length > 0

        - name: Confirm
          ansible.builtin.command:
            chdir: "{{ kong_path }}"
            argv: [./scripts/apply.sh, --confirm]
          when: applied is changed
          changed_when: false

      rescue:
        # Without a change that waits for its confirmation it says so, and changes nothing.
        - name: Revert
          ansible.builtin.command:
            chdir: "{{ kong_path }}"
            argv: [./scripts/apply.sh, --revert]
          when: not ansible_check_mode and applied is defined and applied is not skipped
          failed_when: false

        - name: Stop
          ansible.builtin.fail:
            msg: "{{ here }} failed; the hosts after it are as they were"

      always:
        - name: Remove the packed file
          ansible.builtin.file:
            path: "{{ packed.path }}"
            state: absent
          delegate_to: localhost
          become: false
          check_mode: false
          changed_when: false

        - name: Remove the directory beside the repository
          ansible.builtin.file:
            path: "{{ kong_path }}.{{ item }}"
            state: absent
          loop: [new, work]
          check_mode: false
          changed_when: false

- name: Roll back
  hosts: data_planes
  serial: 1
  any_errors_fatal: true
  gather_facts: false
  become: true
  tags: [never, rollback]
  tasks:
    - name: Refuse to undo all hosts at once
      ansible.builtin.assert:
        that: ansible_limit is defined
        fail_msg: "name the host: --tags rollback --limit NAME"
        quiet: true

    - name: Undo everything that apply.sh did
      ansible.builtin.command:
        chdir: "{{ kong_path }}"
        argv: [./scripts/rollback.sh]
      register: undone
      changed_when: "'Nothing to undo' not in undone.stdout"
`;
